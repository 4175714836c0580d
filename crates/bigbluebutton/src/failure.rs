//! What a server answers when it refuses a call: a stable key and a sentence in English.

use std::{borrow::Cow, fmt};

use crate::xml::{Element, Writer};

/// A refusal as it stands in an answer with the return code `FAILED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable key callers compare.
    pub key: Cow<'static, str>,
    /// The sentence people read; may change between releases of a server.
    pub message: Cow<'static, str>,
}

macro_rules! failures {
    ($($(#[$meaning:meta])* $name:ident => $key:literal, $message:literal;)*) => {
        impl Failure {
            $($(#[$meaning])*
            pub const fn $name() -> Self {
                Self { key: Cow::Borrowed($key), message: Cow::Borrowed($message) }
            })*

            /// Every documented refusal, for tables and tests.
            pub fn documented() -> Vec<Self> {
                vec![$(Self::$name()),*]
            }
        }
    };
}

failures! {
    /// The checksum is missing, wrong or of an algorithm that is not allowed.
    checksum => "checksumError", "Checksums do not match";
    /// No meeting was named.
    missing_meeting_id => "missingParamMeetingID", "You must provide a meeting ID";
    /// The meeting id is shorter than 2 or longer than 256 characters.
    meeting_id_size => "sizeError", "Meeting ID must be between 2 and 256 characters";
    /// The meeting id has a comma.
    meeting_id_comma => "validationError", "Meeting ID cannot contain ','";
    /// No name for a meeting to create.
    missing_meeting_name => "nullError", "You must provide a meeting name";
    /// An empty name for a meeting to create.
    empty_meeting_name => "emptyError", "You must provide a meeting name";
    /// The name is shorter than 2 or longer than 256 characters.
    meeting_name_size => "sizeError", "Meeting name must be between 2 and 256 characters";
    /// The voice bridge is not a number.
    voice_bridge_type => "validationError", "Voice bridge must be an integral value";
    /// `record` is not a boolean.
    record_type => "validationError", "Record must be a boolean value (true or false)";
    /// `isBreakoutRoom` is not a boolean.
    breakout_type => "validationError",
        "You must provide a boolean value (true or false) for the breakout room";
    /// `guest` is not a boolean.
    guest_type => "validationError", "Guest must be a boolean value (true or false)";
    /// `auth` is not a boolean.
    auth_type => "validationError", "Auth must be a boolean value (true or false)";
    /// A value that must be a number is none.
    number_type => "validationError", "Value must be an integral number";
    /// The query or body cannot be read at all.
    malformed => "validationError", "Request not recognized";
    /// No name for the person who joins.
    missing_full_name => "missingParamFullName", "You must provide your name";
    /// A password shorter than 2 or longer than 64 characters.
    invalid_password => "invalidPassword", "Invalid password";
    /// Not the moderator's password of the meeting to end.
    wrong_moderator_password => "invalidPassword", "The supplied moderator password is incorrect";
    /// No meeting of that id.
    meeting_not_found => "notFound", "A meeting with that ID does not exist";
    /// No recording of that id.
    recordings_not_found => "notFound", "We could not find recordings";
    /// Joining a meeting that does not exist.
    invalid_meeting_identifier => "invalidMeetingIdentifier",
        "The meeting ID that you supplied did not match any existing meetings";
    /// Joining a meeting that was ended.
    meeting_forcibly_ended => "meetingForciblyEnded",
        "You can not join a meeting that has already been forcibly ended";
    /// The creation time in the join link is another meeting's of the same id.
    mismatch_create_time => "mismatchCreateTimeParam",
        "The createTime parameter submitted mismatches with the current meeting.";
    /// The meeting is full.
    max_participants_reached => "maxParticipantsReached",
        "The number of participants allowed for this meeting has been reached.";
    /// A meeting of that id exists with other passwords.
    id_not_unique => "idNotUnique",
        "A meeting already exists with that meeting ID.  Please use a different meeting ID.";
    /// The voice bridge belongs to another running meeting.
    voice_bridge_not_unique => "nonUniqueVoiceBridge",
        "The selected voice bridge is already in use.";
    /// Joining with a password that is neither of the meeting's two.
    join_password => "Params required", "You must enter a valid password";
    /// Joining without a role a meeting that has no passwords.
    join_role => "Params required",
        "You must send the 'role' parameter, since this meeting doesn't have any password.";
    /// Joining with neither role nor password.
    join_role_or_password => "Params required",
        "You must either send the valid role of the user, or the password, should the meeting has one.";
    /// A guest was turned away.
    guest_denied => "guestDeny", "Guest denied of joining the meeting.";
    /// The body has no content type, or one the call does not take.
    unsupported_content_type => "unsupportedContentType",
        "POST request Content-Type is missing or unsupported";
    /// The call does not exist or does not take this method.
    unsupported_request => "unsupportedRequest", "This request is not supported.";
    /// The API is switched off on the server.
    api_not_enabled => "apiNotEnabled",
        "The API service and/or controller is not enabled on this server.  To use it, you must first enable it.";
    /// The server failed.
    internal_error => "internalError", "An internal error occurred";
    /// No recording was named.
    missing_record_id => "missingParamRecordID", "You must specify a recordID.";
    /// Publishing without saying which way.
    missing_publish => "missingParamPublish", "You must specify a publish value true or false.";
    /// Updating without a value.
    missing_parameters => "missingParameters", "You must specify the parameters to update.";
    /// A chat message was not given.
    missing_message => "nullError", "You must provide the param message";
    /// A chat message is empty or longer than 500 characters.
    message_size => "sizeError", "Param message must be between 1 and 500 characters";
    /// The name over a chat message is longer than 255 characters.
    user_name_size => "sizeError", "Param userName must not exceed 255 characters";
    /// Text tracks: a parameter is missing.
    missing_parameter => "missingParameter", "A required parameter is missing.";
    /// Text tracks: no such recording.
    no_recording_for_tracks => "noRecordings",
        "No recording was found matching the provided recording ID.";
    /// Text tracks: neither subtitles nor captions.
    invalid_kind => "invalidKind", "The kind parameter is not set to a permitted value.";
    /// Text tracks: not a language tag.
    invalid_language => "invalidLang", "The lang parameter is not a well-formed language tag.";
    /// Text tracks: no file.
    empty_text_track => "empty_uploaded_text_track", "Empty uploaded text track.";
    /// Text tracks: the upload failed.
    text_track_failed => "upload_text_track_failed", "Text track upload failed.";
    /// Hooks: could not be created.
    create_hook => "createHookError",
        "An error happened while creating your hook. Check the logs.";
    /// Hooks: the hook to remove is unknown.
    missing_hook => "destroyMissingHook", "The hook informed was not found.";
    /// Hooks: could not be removed.
    destroy_hook => "destroyHookError",
        "An error happened while removing your hook. Check the logs.";
    /// Hooks: no hook was named.
    missing_hook_id => "missingParamHookID", "You must specify a hookID in the parameters.";
    /// Hooks: no address to call.
    missing_callback_url => "missingParamCallbackURL",
        "You must specify a callbackURL in the parameters.";
    /// A gateway that has no server for the call now.
    server_unavailable => "serverUnavailable",
        "No server can take this call now. Please try again in a moment.";
    /// A gateway that does not pass this call on.
    not_implemented => "notImplemented", "This call is not available here.";
}

impl Failure {
    /// The longest key kept from a server's answer, in bytes.
    pub const MAX_KEY_BYTES: usize = 64;
    /// The longest message kept from a server's answer, in bytes.
    pub const MAX_MESSAGE_BYTES: usize = 512;

    /// A refusal with a key of one's own.
    pub fn new(key: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }

    /// The refusal as a server writes it.
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new();
        writer.open("response");
        writer.leaf("returncode", "FAILED");
        writer.leaf("messageKey", &self.key);
        writer.leaf("message", &self.message);
        writer.close("response");
        writer.finish()
    }

    /// The refusal as the calls for text tracks write it.
    pub fn to_json(&self) -> String {
        serde_json::json!({"response": {
            "returncode": "FAILED", "messageKey": self.key, "message": self.message,
        }})
        .to_string()
    }

    /// Reads the refusal in a `<response>`, cut to the limits above.
    pub fn from_response(response: &Element) -> Self {
        let taken = |name: &str, max: usize| {
            let text = response.child(name).map(Element::text).unwrap_or_default();
            Cow::Owned(cut(&text, max).to_owned())
        };
        Self {
            key: taken("messageKey", Self::MAX_KEY_BYTES),
            message: taken("message", Self::MAX_MESSAGE_BYTES),
        }
    }
}

/// The longest beginning of `text` of at most `max_bytes` that ends between two characters.
fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_written_as_servers_write_it() {
        assert_eq!(
            Failure::checksum().to_xml(),
            "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey>\
             <message>Checksums do not match</message></response>"
        );
    }

    #[test]
    fn every_documented_refusal_reads_back() {
        for failure in Failure::documented() {
            let response = Element::read(failure.to_xml().as_bytes()).unwrap();
            assert_eq!(Failure::from_response(&response), failure);
        }
    }

    #[test]
    fn a_servers_endless_message_is_cut_between_characters() {
        let failure = Failure::new("k".repeat(1000), "é".repeat(1000));
        let read = Failure::from_response(&Element::read(failure.to_xml().as_bytes()).unwrap());
        assert_eq!(read.key.len(), Failure::MAX_KEY_BYTES);
        assert_eq!(read.message.len(), Failure::MAX_MESSAGE_BYTES);
        assert_eq!(cut("aé", 2), "a");
    }
}
