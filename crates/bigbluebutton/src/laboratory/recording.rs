//! Recordings of the laboratory: they appear a while after a recorded meeting ended.

use super::{
    room::Room,
    world::{Due, Outgoing, World},
};
use crate::{
    answer::{Format, Image, Recording, Recordings, TextTrack},
    callback::{self, RecordingReady},
    client::CallBack,
    failure::Failure,
    query::{Parameters, encode_value},
    request::RecordingFilter,
};

/// The most recordings kept; the oldest go first.
const MAX_RECORDINGS: usize = 10_000;

/// A recording and whom to tell when it is ready.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) recording: Recording,
    ready_url: Option<String>,
}

impl World {
    /// Begins the recording of a meeting that ended.
    pub(super) fn begin_recording(&mut self, now_ms: u64, room: &Room) {
        let record_id = room.internal_id.clone();
        let mut metadata = room.metadata();
        metadata.set(
            "isBreakout",
            (room.create.is_breakout == Some(true)).to_string(),
        );
        metadata.set("meetingName", room.create.name.as_str());
        metadata.set("meetingId", room.create.meeting_id.as_str());
        let recording = Recording {
            record_id: record_id.clone(),
            meeting_id: room.create.meeting_id.clone(),
            internal_meeting_id: Some(record_id.clone()),
            name: room.create.name.clone(),
            is_breakout: room.create.is_breakout == Some(true),
            published: false,
            state: "processing".to_owned(),
            started_at_ms: Some(room.created_at_ms),
            ended_at_ms: Some(now_ms),
            participants: Some(room.most_people),
            metadata,
            playback: None,
            extra: Vec::new(),
        };
        let ready_url = room
            .create
            .meta(callback::RECORDING_READY_URL)
            .map(str::to_owned);
        if self.recordings.len() >= MAX_RECORDINGS {
            self.recordings.pop_first();
        }
        self.recordings.insert(
            record_id.clone(),
            Stored {
                recording,
                ready_url,
            },
        );
        self.schedule(
            now_ms + self.recording_delay_ms,
            Due::RecordingReady { record_id },
        );
    }

    /// Publishes a recording and tells who asked to be told.
    pub(super) fn recording_ready(&mut self, record_id: &str) {
        let base = &self.base_url;
        let Some(stored) = self.recordings.get_mut(record_id) else {
            return;
        };
        let recording = &mut stored.recording;
        recording.published = true;
        recording.state = "published".to_owned();
        recording.set_formats(&formats(base, recording));
        if let Some(url) = stored.ready_url.clone() {
            let ready = RecordingReady {
                meeting_id: recording.meeting_id.clone(),
                record_id: record_id.to_owned(),
            };
            let token = callback::sign_recording_ready(&ready, &self.secret);
            let form = format!("{}={}", callback::SIGNED_PARAMETERS, encode_value(&token));
            self.outgoing.push(Outgoing {
                url,
                what: CallBack::Form(form),
            });
        }
    }

    /// The recordings that fit, newest first.
    pub(super) fn find_recordings(&self, filter: &RecordingFilter) -> Recordings {
        let mut found: Vec<&Recording> = self
            .recordings
            .values()
            .map(|stored| &stored.recording)
            .filter(|recording| fits(recording, filter))
            .collect();
        found.sort_by_key(|recording| std::cmp::Reverse(recording.started_at_ms));
        let limit = filter.limit.unwrap_or(usize::MAX);
        let page = found
            .into_iter()
            .skip(filter.offset.unwrap_or_default())
            .take(limit);
        Recordings {
            recordings: page.cloned().collect(),
            extra: Vec::new(),
        }
    }

    /// Changes every recording whose id begins with one of these.
    pub(super) fn change_recordings(
        &mut self,
        ids: &[String],
        change: impl Fn(&mut Recording),
    ) -> Result<(), Failure> {
        let mut changed = false;
        for stored in self.recordings.values_mut() {
            let known = ids
                .iter()
                .any(|id| stored.recording.record_id.starts_with(id.as_str()));
            if known && stored.recording.state != "deleted" {
                change(&mut stored.recording);
                changed = true;
            }
        }
        if changed {
            Ok(())
        } else {
            Err(Failure::recordings_not_found())
        }
    }

    /// The captions of a recording.
    pub(super) fn text_tracks(&self, record_id: &str) -> Result<Vec<TextTrack>, Failure> {
        if !self.recordings.contains_key(record_id) {
            return Err(Failure::no_recording_for_tracks());
        }
        Ok(self.tracks.get(record_id).cloned().unwrap_or_default())
    }

    /// Adds captions to a recording, in place of those of the same kind and language.
    pub(super) fn put_text_track(
        &mut self,
        parameters: &Parameters,
        has_file: bool,
    ) -> Result<String, Failure> {
        let asked = |name| {
            parameters
                .filled(name)
                .ok_or_else(Failure::missing_parameter)
        };
        let record_id = asked("recordID")?.to_owned();
        let kind = asked("kind")?.to_owned();
        if !["subtitles", "captions"].contains(&kind.as_str()) {
            return Err(Failure::invalid_kind());
        }
        let lang = asked("lang")?.to_owned();
        if !lang
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(Failure::invalid_language());
        }
        if !self.recordings.contains_key(&record_id) {
            return Err(Failure::no_recording_for_tracks());
        }
        if !has_file {
            return Err(Failure::empty_text_track());
        }
        let track = TextTrack {
            href: format!("{}/playback/{record_id}/{kind}_{lang}.vtt", self.base_url),
            kind,
            label: parameters.filled("label").unwrap_or(&lang).to_owned(),
            lang,
            source: "upload".to_owned(),
            extra: serde_json::Map::new(),
        };
        let tracks = self.tracks.entry(record_id.clone()).or_default();
        tracks.retain(|known| known.kind != track.kind || known.lang != track.lang);
        tracks.push(track);
        Ok(record_id)
    }
}

/// The two formats most servers make.
fn formats(base: &str, recording: &Recording) -> [Format; 2] {
    let id = &recording.record_id;
    let length_ms =
        recording.ended_at_ms.unwrap_or_default() - recording.started_at_ms.unwrap_or_default();
    let length_minutes = Some(length_ms / 60_000);
    let image = |number: u32| Image {
        url: format!("{base}/playback/{id}/thumb-{number}.png"),
        alternative_text: format!("Slide {number} of {}", recording.name),
        width: 176,
        height: 136,
    };
    let format = |kind: &str, images: Vec<Image>| Format {
        kind: kind.to_owned(),
        url: format!("{base}/playback/{kind}/2.3/{id}"),
        processing_time_ms: Some(length_ms / 2),
        length_minutes,
        images,
    };
    [
        format("presentation", (1..=3).map(image).collect()),
        format("video", Vec::new()),
    ]
}

fn fits(recording: &Recording, filter: &RecordingFilter) -> bool {
    let any =
        |list: &[String], fits: &dyn Fn(&String) -> bool| list.is_empty() || list.iter().any(fits);
    let state = match filter.states.as_slice() {
        [] => recording.state == "published" || recording.state == "unpublished",
        states => states
            .iter()
            .any(|state| state == "any" || *state == recording.state),
    };
    state
        && any(&filter.meeting_ids, &|id| *id == recording.meeting_id)
        && any(&filter.record_ids, &|id| {
            recording.record_id.starts_with(id.as_str())
        })
        && filter
            .meta
            .iter()
            .all(|(name, value)| recording.metadata.get(name).as_ref() == Some(value))
}
