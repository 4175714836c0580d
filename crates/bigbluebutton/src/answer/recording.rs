//! What servers say about recordings.

use super::{Metadata, flag, optional_number, success};
use crate::{
    error::Error,
    xml::{Element, Writer},
};

/// A recording, as `getRecordings` describes it.
///
/// The formats a recording can be seen in differ between servers and their plugins; they are kept
/// and written as they came, and [`Recording::formats`] reads what all of them have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Id of the recording.
    pub record_id: String,
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// The server's id of the meeting.
    pub internal_meeting_id: Option<String>,
    /// Name of the meeting.
    pub name: String,
    /// Whether the meeting was a breakout room.
    pub is_breakout: bool,
    /// Whether it can be seen.
    pub published: bool,
    /// `processing`, `processed`, `published`, `unpublished` or `deleted`.
    pub state: String,
    /// When it starts, in milliseconds since 1970.
    pub started_at_ms: Option<u64>,
    /// When it ends, in milliseconds since 1970.
    pub ended_at_ms: Option<u64>,
    /// How many people took part.
    pub participants: Option<u64>,
    /// Metadata of the meeting and of the recording.
    pub metadata: Metadata,
    /// The whole `<playback>`.
    pub playback: Option<Element>,
    /// What else the server said.
    pub extra: Vec<Element>,
}

/// One way to see or hear a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// `presentation`, `video`, `podcast` and others.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// How long making it took.
    pub processing_time_ms: Option<u64>,
    /// How long it is.
    pub length_minutes: Option<u64>,
    /// Small pictures of its slides.
    pub images: Vec<Image>,
}

/// A small picture of a slide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// Where it is.
    pub url: String,
    /// What it says.
    pub alternative_text: String,
    /// In pixels.
    pub width: u64,
    /// In pixels.
    pub height: u64,
}

/// Metadata in which servers repeat the caller's id of the meeting.
const MEETING_ID_METADATA: [&str; 2] = ["meetingId", "meeting_id"];

impl Recording {
    /// Puts another caller's id of the meeting in the place of this one, everywhere it stands.
    pub fn replace_meeting_id(&mut self, meeting_id: &str) {
        for name in MEETING_ID_METADATA {
            if self
                .metadata
                .get(name)
                .is_some_and(|known| known == self.meeting_id)
            {
                self.metadata.set(name, meeting_id);
            }
        }
        self.meeting_id = meeting_id.to_owned();
    }

    /// The formats the recording can be seen in.
    pub fn formats(&self) -> Vec<Format> {
        let Some(playback) = &self.playback else {
            return Vec::new();
        };
        playback
            .children()
            .filter(|element| element.name() == "format")
            .map(Format::from_element)
            .collect()
    }

    /// Sets the formats the recording can be seen in.
    pub fn set_formats(&mut self, formats: &[Format]) {
        let playback = Element::known("playback");
        self.playback = Some(
            formats
                .iter()
                .map(Format::to_element)
                .fold(playback, Element::with),
        );
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("recording");
        writer.leaf("recordID", &self.record_id);
        writer.leaf("meetingID", &self.meeting_id);
        if let Some(id) = &self.internal_meeting_id {
            writer.leaf("internalMeetingID", id);
        }
        writer.leaf("name", &self.name);
        writer.plain("isBreakout", self.is_breakout);
        writer.plain("published", self.published);
        writer.leaf("state", &self.state);
        for (name, value) in [
            ("startTime", self.started_at_ms),
            ("endTime", self.ended_at_ms),
            ("participants", self.participants),
        ] {
            writer.leaf(
                name,
                &value.map(|value| value.to_string()).unwrap_or_default(),
            );
        }
        self.metadata.write("metadata", writer);
        if let Some(playback) = &self.playback {
            writer.element(playback);
        }
        writer.elements(&self.extra);
        writer.close("recording");
    }

    fn from_element(element: Element) -> Result<Self, Error> {
        let mut recording = Self::default();
        for element in element.into_children() {
            match element.name() {
                "recordID" => recording.record_id = element.text(),
                "meetingID" => recording.meeting_id = element.text(),
                "internalMeetingID" => recording.internal_meeting_id = Some(element.text()),
                "name" => recording.name = element.text(),
                "isBreakout" => recording.is_breakout = flag(&element, "isBreakout")?,
                "published" => recording.published = flag(&element, "published")?,
                "state" => recording.state = element.text(),
                "startTime" => recording.started_at_ms = optional_number(&element, "startTime")?,
                "endTime" => recording.ended_at_ms = optional_number(&element, "endTime")?,
                "participants" => {
                    recording.participants = optional_number(&element, "participants")?;
                }
                "metadata" => recording.metadata = Metadata::from_element(element),
                "playback" => recording.playback = Some(element),
                _ => recording.extra.push(element),
            }
        }
        Ok(recording)
    }
}

impl Format {
    fn to_element(&self) -> Element {
        let leaf = |name, value: &str| Element::known(name).with_text(value);
        let mut format = Element::known("format")
            .with(leaf("type", &self.kind))
            .with(leaf("url", &self.url));
        for (name, value) in [
            ("processingTime", self.processing_time_ms),
            ("length", self.length_minutes),
        ] {
            if let Some(value) = value {
                format.push(leaf(name, &value.to_string()));
            }
        }
        if !self.images.is_empty() {
            let images = self.images.iter().map(Image::to_element);
            let images = images.fold(Element::known("images"), Element::with);
            format.push(Element::known("preview").with(images));
        }
        format
    }

    fn from_element(element: &Element) -> Self {
        let text = |name| element.child(name).map(Element::text).unwrap_or_default();
        let number = |name: &'static str| {
            element
                .child(name)
                .and_then(|child| optional_number(child, name).ok().flatten())
        };
        let images = element
            .child("preview")
            .and_then(|preview| preview.child("images"));
        Self {
            kind: text("type"),
            url: text("url").trim().to_owned(),
            processing_time_ms: number("processingTime"),
            length_minutes: number("length"),
            images: images
                .map(|images| images.children().map(Image::from_element).collect())
                .unwrap_or_default(),
        }
    }
}

impl Image {
    fn to_element(&self) -> Element {
        let mut image = Element::known("image").with_text(self.url.as_str());
        for (name, value) in [
            ("width", self.width.to_string()),
            ("height", self.height.to_string()),
            ("alt", self.alternative_text.clone()),
        ] {
            image
                .set_attribute(name, value)
                .expect("the names are written here");
        }
        image
    }

    fn from_element(element: &Element) -> Self {
        let number = |name| element.attribute(name).and_then(|value| value.parse().ok());
        Self {
            url: element.text().trim().to_owned(),
            alternative_text: element.attribute("alt").unwrap_or_default().to_owned(),
            width: number("width").unwrap_or_default(),
            height: number("height").unwrap_or_default(),
        }
    }
}

/// The answer to `getRecordings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recordings {
    /// The recordings.
    pub recordings: Vec<Recording>,
    /// What else the server said: how many there are in all, for one that answers in pages.
    pub extra: Vec<Element>,
}

impl Recordings {
    /// Writes the answer; an empty list has a message.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            if self.recordings.is_empty() {
                writer.empty("recordings");
                writer.leaf("messageKey", "noRecordings");
                writer.leaf("message", "There are no recordings for the meeting(s).");
            } else {
                writer.open("recordings");
                for recording in &self.recordings {
                    recording.write(writer);
                }
                writer.close("recordings");
            }
            writer.elements(&self.extra);
        })
    }

    /// Reads a successful answer. A recording with a value that is not of its kind is left out.
    pub fn from_response(response: Element) -> Self {
        let mut all = Self::default();
        for element in response.into_children() {
            match element.name() {
                "returncode" | "messageKey" | "message" => {}
                "recordings" => {
                    let found = element
                        .into_children()
                        .filter(|one| one.name() == "recording");
                    let found = found.map(Recording::from_element);
                    all.recordings.extend(found.filter_map(Result::ok));
                }
                _ => all.extra.push(element),
            }
        }
        all
    }
}
