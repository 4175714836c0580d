//! Every call of the API: its name, the methods and bodies it takes, and who may answer it.

use crate::failure::Failure;

/// Methods of HTTP the API uses. A HEAD is checked like a GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Parameters in the query.
    Get,
    /// Parameters in the query or a form, or a document as the body.
    Post,
}

/// What the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// `application/x-www-form-urlencoded`: parameters.
    Form,
    /// `application/xml` or `text/xml`: documents of a meeting.
    Xml,
    /// `multipart/form-data`: an uploaded file.
    Multipart,
}

/// How a call proves that it may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Anyone may ask.
    Nothing,
    /// A checksum over the query; any gateway can answer.
    Checksum,
    /// The token of a person's session; only the server that holds the session can answer.
    Session,
}

macro_rules! calls {
    ($($(#[$meaning:meta])* $call:ident, $name:literal, $proof:ident, $methods:ident, $bodies:ident;)*) => {
        /// A call of the API of BigBlueButton 3.0 and its hooks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call {
            $($(#[$meaning])* $call,)*
        }

        impl Call {
            /// Every call.
            pub const ALL: &'static [Self] = &[$(Self::$call),*];

            /// The name in the address and in the checksum.
            pub fn name(self) -> &'static str {
                match self { $(Self::$call => $name,)* }
            }

            /// How the call proves that it may be made.
            pub fn proof(self) -> Proof {
                match self { $(Self::$call => Proof::$proof,)* }
            }

            /// The methods the call takes.
            pub fn methods(self) -> &'static [Method] {
                match self { $(Self::$call => $methods,)* }
            }

            /// The bodies the call takes, beside none.
            pub fn bodies(self) -> &'static [Body] {
                match self { $(Self::$call => $bodies,)* }
            }
        }
    };
}

const GET: &[Method] = &[Method::Get];
const POST: &[Method] = &[Method::Post];
const BOTH: &[Method] = &[Method::Get, Method::Post];
const FORM: &[Body] = &[Body::Form, Body::Multipart];
const DOCUMENTS: &[Body] = &[Body::Form, Body::Multipart, Body::Xml];
const FILE: &[Body] = &[Body::Multipart, Body::Form];

calls! {
    /// The version of the server.
    Index, "", Nothing, BOTH, FORM;
    /// Creates a meeting, or finds it again.
    Create, "create", Checksum, BOTH, DOCUMENTS;
    /// Sends a person's browser into a meeting.
    Join, "join", Checksum, GET, FORM;
    /// Whether somebody is in a meeting.
    IsMeetingRunning, "isMeetingRunning", Checksum, BOTH, FORM;
    /// Asks a meeting to end.
    End, "end", Checksum, BOTH, FORM;
    /// All about one meeting.
    GetMeetingInfo, "getMeetingInfo", Checksum, BOTH, FORM;
    /// All meetings.
    GetMeetings, "getMeetings", Checksum, BOTH, FORM;
    /// All sessions of people; of use to a server's own tools only.
    GetSessions, "getSessions", Checksum, BOTH, FORM;
    /// Adds documents to a running meeting.
    InsertDocument, "insertDocument", Checksum, POST, DOCUMENTS;
    /// Writes into a meeting's public chat.
    SendChatMessage, "sendChatMessage", Checksum, GET, FORM;
    /// The recordings of meetings.
    GetRecordings, "getRecordings", Checksum, BOTH, FORM;
    /// Shows or hides recordings.
    PublishRecordings, "publishRecordings", Checksum, GET, FORM;
    /// Deletes recordings.
    DeleteRecordings, "deleteRecordings", Checksum, GET, FORM;
    /// Changes the metadata of recordings.
    UpdateRecordings, "updateRecordings", Checksum, BOTH, FORM;
    /// The captions of a recording; answered in JSON.
    GetRecordingTextTracks, "getRecordingTextTracks", Checksum, BOTH, FORM;
    /// Adds captions to a recording; answered in JSON.
    PutRecordingTextTrack, "putRecordingTextTrack", Checksum, POST, FILE;
    /// Registers an address that is told of events.
    HooksCreate, "hooks/create", Checksum, BOTH, FORM;
    /// Removes such an address.
    HooksDestroy, "hooks/destroy", Checksum, BOTH, FORM;
    /// The registered addresses.
    HooksList, "hooks/list", Checksum, BOTH, FORM;
    /// A further join link for a person in a meeting.
    GetJoinUrl, "getJoinUrl", Session, BOTH, FORM;
    /// Whether a guest may come in.
    GuestWait, "guestWait", Session, GET, FORM;
    /// A client enters.
    Enter, "enter", Session, BOTH, FORM;
    /// Where a client finds its way through firewalls.
    Stuns, "stuns", Session, BOTH, FORM;
    /// A client leaves.
    SignOut, "signOut", Session, BOTH, FORM;
    /// The dashboard of a meeting.
    LearningDashboard, "learningDashboard", Session, BOTH, FORM;
    /// What a person thought of a meeting.
    Feedback, "feedback", Session, POST, FORM;
}

impl Call {
    /// Finds a call by what follows `/bigbluebutton/api` in the path of an address.
    pub fn from_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix('/').unwrap_or(path);
        let name = name.strip_suffix('/').unwrap_or(name);
        Self::ALL.iter().copied().find(|call| call.name() == name)
    }

    /// Whether the answer is JSON rather than XML.
    pub fn answers_in_json(self) -> bool {
        matches!(
            self,
            Self::GetRecordingTextTracks | Self::PutRecordingTextTrack
        )
    }

    /// Checks method and content type, and says how the body is to be read.
    ///
    /// A content type counts without its parameters (`; charset=utf-8`) and whatever its case; it
    /// is asked for only where there is a body.
    ///
    /// # Errors
    /// `unsupportedRequest` or `unsupportedContentType`.
    pub fn accepts(
        self,
        method: Method,
        content_type: Option<&str>,
        has_body: bool,
    ) -> Result<Body, Failure> {
        if !self.methods().contains(&method) {
            return Err(Failure::unsupported_request());
        }
        if !has_body {
            return Ok(Body::None);
        }
        content_type
            .and_then(body_of)
            .filter(|body| self.bodies().contains(body))
            .ok_or_else(Failure::unsupported_content_type)
    }
}

/// The kind of body a content type stands for.
fn body_of(content_type: &str) -> Option<Body> {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Some(Body::Form),
        "application/xml" | "text/xml" => Some(Body::Xml),
        "multipart/form-data" => Some(Body::Multipart),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_found_by_its_path() {
        for call in Call::ALL {
            assert_eq!(Call::from_path(call.name()), Some(*call));
            assert_eq!(Call::from_path(&format!("/{}", call.name())), Some(*call));
        }
        assert_eq!(Call::from_path("/"), Some(Call::Index));
        assert_eq!(Call::from_path("/join/"), Some(Call::Join));
        assert_eq!(Call::from_path("/Join"), None);
        assert_eq!(Call::from_path("/setConfigXML"), None);
    }

    #[test]
    fn a_wrong_method_is_an_unsupported_request() {
        let refused = Err(Failure::unsupported_request());
        assert_eq!(Call::Join.accepts(Method::Post, None, false), refused);
        assert_eq!(
            Call::InsertDocument.accepts(Method::Get, None, false),
            refused
        );
        assert_eq!(
            Call::Create.accepts(Method::Post, None, false),
            Ok(Body::None)
        );
    }

    #[test]
    fn a_body_needs_a_content_type_the_call_takes() {
        let refused = Err(Failure::unsupported_content_type());
        let post = |call: Call, kind: Option<&str>| call.accepts(Method::Post, kind, true);
        assert_eq!(post(Call::Create, None), refused);
        assert_eq!(post(Call::Create, Some("application/json")), refused);
        assert_eq!(post(Call::End, Some("application/xml")), refused);
        assert_eq!(
            post(Call::Create, Some("Application/XML; charset=utf-8")),
            Ok(Body::Xml)
        );
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(post(Call::End, form), Ok(Body::Form));
    }
}
