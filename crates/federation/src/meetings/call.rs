//! A front end's call, as it travels from the node that took it to the server that answers it.
//!
//! The core looks at no parameter: the gateway has checked and cleaned them, and the owner puts in the
//! meeting's id and the checksum.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    record::FEATURES_MAX,
    region::Region,
};
use routing::candidate::Feature;
use thiserror::Error;

use super::wire::{read_feature, write_features};

/// The longest query of a call, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// The longest body of a call, in bytes: it has to fit into a frame with all else.
pub const BODY_BYTES_MAX: usize = 1_536 * 1024;
/// The longest media type of a body, in bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 128;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Begin a meeting.
    Create,
    /// A link to a meeting: its server's owner signs it, and nothing is called.
    Join,
    /// Whether a meeting runs.
    IsMeetingRunning,
    /// End a meeting.
    End,
    /// A meeting.
    GetMeetingInfo,
    /// All meetings.
    GetMeetings,
    /// Put a document into a meeting.
    InsertDocument,
    /// Say something in a meeting.
    SendChatMessage,
    /// All recordings.
    GetRecordings,
    /// Show or hide recordings.
    PublishRecordings,
    /// Delete recordings.
    DeleteRecordings,
    /// Change what is said of recordings.
    UpdateRecordings,
    /// The subtitles of a recording.
    GetRecordingTextTracks,
    /// Add subtitles to a recording.
    PutRecordingTextTrack,
}

impl Method {
    /// All, in the order of their codes.
    pub const ALL: [Self; 14] = [
        Self::Create,
        Self::Join,
        Self::IsMeetingRunning,
        Self::End,
        Self::GetMeetingInfo,
        Self::GetMeetings,
        Self::InsertDocument,
        Self::SendChatMessage,
        Self::GetRecordings,
        Self::PublishRecordings,
        Self::DeleteRecordings,
        Self::UpdateRecordings,
        Self::GetRecordingTextTracks,
        Self::PutRecordingTextTrack,
    ];

    /// Whether it is about all that a tenant has, on every server, and not about one meeting.
    #[must_use]
    pub fn gathers(self) -> bool {
        matches!(
            self,
            Self::GetMeetings
                | Self::GetRecordings
                | Self::PublishRecordings
                | Self::DeleteRecordings
                | Self::UpdateRecordings
                | Self::GetRecordingTextTracks
                | Self::PutRecordingTextTrack
        )
    }

    /// Whether doing it again changes nothing more, so that another node of the owner may be asked.
    #[must_use]
    pub fn repeats(self) -> bool {
        !matches!(
            self,
            Self::Create | Self::InsertDocument | Self::SendChatMessage
        )
    }
}

/// What is sent with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its media type.
    pub media_type: String,
    /// It. Copies of a call share it, so that none of them costs its length.
    pub bytes: Bytes,
}

/// A call, without the meeting's id and the checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub method: Method,
    /// The parameters, encoded as in an address.
    pub query: String,
    /// What is sent with it.
    pub body: Option<Body>,
}

impl Call {
    /// Whether it fits into a message.
    #[must_use]
    pub fn fits(&self) -> bool {
        let body = self.body.as_ref();
        self.query.len() <= QUERY_BYTES_MAX
            && body.is_none_or(|body| {
                body.bytes.len() <= BODY_BYTES_MAX && body.media_type.len() <= MEDIA_TYPE_BYTES_MAX
            })
    }
}

/// Where a meeting that is to be created may go, and what is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Where it is wanted.
    pub region: Option<Region>,
    /// Whether no other region will do.
    pub region_required: bool,
    /// What the server must have.
    pub features: BTreeSet<Feature>,
    /// Whether it is a test.
    pub test: bool,
    /// How many people the front end expects.
    pub hint: Option<u32>,
    /// The most people that are let in.
    pub cap_users: Option<u32>,
    /// The most meetings that the tenant may have at one time. Whoever is called counts them: it is no part
    /// of what nodes say to each other.
    pub meetings_max: Option<u32>,
}

impl Terms {
    /// Whether they fit into a message.
    #[must_use]
    pub fn fits(&self) -> bool {
        // One more than the number travels, so that 0 says that there is none.
        let is_carried = |number: Option<u32>| number != Some(u32::MAX);
        self.features.len() <= FEATURES_MAX && is_carried(self.hint) && is_carried(self.cap_users)
    }
}

impl Encode for Terms {
    fn encode(&self, encoder: &mut Encoder) {
        let number = |value: Option<u32>| value.map_or(0, |value| u64::from(value) + 1);
        encoder
            .array(6)
            .optional(self.region.as_ref())
            .uint(u64::from(self.region_required));
        write_features(encoder, self.features.iter());
        encoder
            .uint(u64::from(self.test))
            .uint(number(self.hint))
            .uint(number(self.cap_users));
    }
}

impl Decode for Terms {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        let region = decoder.optional()?;
        let region_required = decoder.uint_to("region required", 1)? == 1;
        let count = decoder.array_to("features", FEATURES_MAX)?;
        let features = (0..count)
            .map(|_| read_feature(decoder))
            .collect::<Result<_, _>>()?;
        let test = decoder.uint_to("test", 1)? == 1;
        let mut number = |field| -> Result<Option<u32>, DecodeError> {
            let value = decoder.uint_to(field, u64::from(u32::MAX))?;
            Ok(value
                .checked_sub(1)
                .and_then(|value| u32::try_from(value).ok()))
        };
        Ok(Self {
            region,
            region_required,
            features,
            test,
            hint: number("people expected")?,
            cap_users: number("people let in")?,
            meetings_max: None,
        })
    }
}

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallFault {
    /// The tenant's home is another node of the member, and cannot be reached.
    #[error("the node that places this tenant's meetings cannot be reached")]
    HomeAway,
    /// No node of the server's owner can be reached.
    #[error("no node of the server's owner can be reached")]
    OwnerAway,
    /// It took longer than it may.
    #[error("no answer came in time")]
    TimeOver,
    /// No server takes the meeting.
    #[error("no server of the federation has room for this meeting now")]
    NoRoom,
    /// The room has no meeting on any server.
    #[error("there is no such meeting")]
    NoMeeting,
    /// The meeting that was there is gone.
    #[error("the meeting is no more on its server")]
    Gone,
    /// Whoever asks may not.
    #[error("this node has no right to that")]
    NotAllowed,
    /// Too much is asked at once.
    #[error("too much is asked at once")]
    Busy,
    /// The server failed.
    #[error("the server gave no usable answer")]
    Server,
    /// The answer does not fit into a message.
    #[error("the answer is too large")]
    TooLarge,
    /// The tenant has as many meetings as it may.
    #[error("the tenant has as many meetings as it may")]
    Limit,
}

impl CallFault {
    const ALL: [Self; 11] = [
        Self::HomeAway,
        Self::OwnerAway,
        Self::TimeOver,
        Self::NoRoom,
        Self::NoMeeting,
        Self::Gone,
        Self::NotAllowed,
        Self::Busy,
        Self::Server,
        Self::TooLarge,
        Self::Limit,
    ];
}

impl Encode for CallFault {
    fn encode(&self, encoder: &mut Encoder) {
        let code = Self::ALL.iter().position(|fault| fault == self);
        encoder.array(1).uint(code.unwrap_or_default() as u64);
    }
}

impl Decode for CallFault {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        // A later release may know more; to this one they are faults of the server.
        let code = decoder.uint_to("fault", 255)?;
        let known = usize::try_from(code)
            .ok()
            .and_then(|code| Self::ALL.get(code));
        Ok(known.cloned().unwrap_or(Self::Server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terms with so many features, and so many people.
    fn terms(features: usize, people: Option<u32>) -> Terms {
        Terms {
            region: "eu-west".parse().ok(),
            features: (0..features)
                .map(|number| format!("feature-{number}").parse().unwrap())
                .collect(),
            hint: people,
            cap_users: people,
            ..Terms::default()
        }
    }

    #[test]
    fn terms_that_fit_are_read_as_they_were_written_and_no_others() {
        let most = u32::MAX - 1;
        for terms in [
            terms(0, None),
            terms(1, Some(0)),
            terms(FEATURES_MAX, Some(most)),
        ] {
            assert!(terms.fits());
            assert_eq!(Terms::from_bytes(&terms.to_bytes()), Ok(terms));
        }
        for terms in [
            terms(FEATURES_MAX + 1, None),
            terms(0, Some(u32::MAX)),
            Terms {
                hint: None,
                ..terms(0, Some(u32::MAX))
            },
        ] {
            assert!(!terms.fits());
            assert!(Terms::from_bytes(&terms.to_bytes()).is_err());
        }
    }

    #[test]
    fn a_call_that_fits_is_read_as_it_was_written_and_no_other() {
        let call = |query: usize, bytes: usize, media_type: usize| Call {
            method: Method::Create,
            query: "x".repeat(query),
            body: Some(Body {
                media_type: "x".repeat(media_type),
                bytes: vec![1; bytes].into(),
            }),
        };
        let most = call(QUERY_BYTES_MAX, BODY_BYTES_MAX, MEDIA_TYPE_BYTES_MAX);
        assert!(most.fits());
        assert_eq!(Call::from_bytes(&most.to_bytes()), Ok(most));
        for call in [
            call(QUERY_BYTES_MAX + 1, 1, 1),
            call(1, BODY_BYTES_MAX + 1, 1),
            call(1, 1, MEDIA_TYPE_BYTES_MAX + 1),
        ] {
            assert!(!call.fits());
            assert!(Call::from_bytes(&call.to_bytes()).is_err());
        }
    }
}
