//! Who reads: the session, the theme, and what the reader's last form did.

use maud::Markup;

use crate::catalogue::Language;

/// Light, dark, or what the reader's system asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order of the settings.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in forms and cookies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// The signed-in person.
#[derive(Debug, Clone)]
pub struct Session {
    /// Name by which the person signs in and is known to its own member.
    pub person: String,
    /// May cast the member's vote.
    pub delegate: bool,
    /// May change the node, its people and keys.
    pub steward: bool,
    /// Token that every form of this session carries.
    pub csrf: String,
    /// How many decisions wait for this person.
    pub waiting: u64,
}

/// What the last form did, said where the reader is after the redirect (`?done=<word>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A ballot was cast.
    Voted,
    /// A proposal was made.
    Proposed,
    /// A new version was written.
    Amended,
    /// Voting was opened.
    Opened,
    /// A proposal was withdrawn.
    Withdrawn,
    /// A comment was written.
    Commented,
    /// Mediators reported.
    Reported,
    /// A profile, circle, role or setting was saved.
    Saved,
    /// An application was signed with this member's root key.
    Admitted,
    /// All members were asked for admission.
    Applied,
    /// A person was removed.
    Removed,
    /// A server of one's own was removed.
    ServerRemoved,
    /// A front end was removed.
    TenantRemoved,
    /// What this node kept of a member that it hosted was removed.
    GuestRemoved,
    /// What this node alone keeps was saved.
    SavedHere,
    /// The secret that was given for a front end is kept.
    SecretKept,
    /// The password was changed.
    PasswordChanged,
    /// A token was revoked.
    TokenRevoked,
    /// Every session was ended.
    SignedOut,
    /// The secret addresses of the reader's feeds are new.
    FeedRenewed,
    /// What the reader is written to about was set.
    RemindersSet,
    /// A document was begun.
    Begun,
    /// A text was saved, without script.
    TextSaved,
    /// A document began anew.
    BegunAnew,
    /// It was said where a document belongs.
    Filed,
    /// Something was attached to a document.
    Attached,
    /// What was attached to a document was taken away.
    Detached,
    /// The reader joined a circle.
    Joined,
    /// The reader left a circle.
    Left,
    /// An action point was added.
    Action,
    /// An action point was done.
    ActionDone,
    /// A gathering was planned or changed.
    Gathering,
    /// The day of a review was set.
    Review,
    /// A meeting of a silent owner was given up.
    Released,
    /// A room was made.
    Room,
    /// The meeting in a room was ended.
    Ended,
    /// A link into a room was made anew.
    LinkRenewed,
    /// A room was closed.
    Closed,
    /// A room was opened again.
    Reopened,
    /// A room was deleted.
    RoomDeleted,
}

impl Done {
    /// Every result.
    pub const ALL: [Self; 40] = [
        Self::Voted,
        Self::Proposed,
        Self::Amended,
        Self::Opened,
        Self::Withdrawn,
        Self::Commented,
        Self::Reported,
        Self::Saved,
        Self::Admitted,
        Self::Applied,
        Self::Removed,
        Self::ServerRemoved,
        Self::TenantRemoved,
        Self::GuestRemoved,
        Self::SavedHere,
        Self::SecretKept,
        Self::PasswordChanged,
        Self::TokenRevoked,
        Self::SignedOut,
        Self::FeedRenewed,
        Self::RemindersSet,
        Self::Begun,
        Self::TextSaved,
        Self::BegunAnew,
        Self::Filed,
        Self::Attached,
        Self::Detached,
        Self::Joined,
        Self::Left,
        Self::Action,
        Self::ActionDone,
        Self::Gathering,
        Self::Review,
        Self::Released,
        Self::Room,
        Self::Ended,
        Self::LinkRenewed,
        Self::Closed,
        Self::Reopened,
        Self::RoomDeleted,
    ];

    /// The word in the address after a redirect.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voted => "voted",
            Self::Proposed => "proposed",
            Self::Amended => "amended",
            Self::Opened => "opened",
            Self::Withdrawn => "withdrawn",
            Self::Commented => "commented",
            Self::Reported => "reported",
            Self::Saved => "saved",
            Self::Admitted => "admitted",
            Self::Applied => "applied",
            Self::Removed => "removed",
            Self::ServerRemoved => "server-removed",
            Self::TenantRemoved => "front-end-removed",
            Self::GuestRemoved => "member-removed",
            Self::SavedHere => "saved-here",
            Self::SecretKept => "secret-kept",
            Self::PasswordChanged => "password-changed",
            Self::TokenRevoked => "token-revoked",
            Self::SignedOut => "signed-out",
            Self::FeedRenewed => "feed-renewed",
            Self::RemindersSet => "reminders-set",
            Self::Begun => "begun",
            Self::TextSaved => "text-saved",
            Self::BegunAnew => "begun-anew",
            Self::Filed => "filed",
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Action => "action",
            Self::ActionDone => "action-done",
            Self::Gathering => "gathering",
            Self::Review => "review",
            Self::Released => "released",
            Self::Room => "room",
            Self::Ended => "ended",
            Self::LinkRenewed => "link-renewed",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::RoomDeleted => "room-deleted",
        }
    }

    /// The result of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == word)
    }

    /// What it says on the page.
    pub(super) fn sentence(self, say: Language) -> Markup {
        match self {
            Self::Voted => say.done_voted(),
            Self::Proposed => say.done_proposed(),
            Self::Amended => say.done_amended(),
            Self::Opened => say.done_opened(),
            Self::Withdrawn => say.done_withdrawn(),
            Self::Commented => say.done_commented(),
            Self::Reported => say.done_reported(),
            Self::Saved => say.done_saved(),
            Self::Admitted => say.done_admitted(),
            Self::Applied => say.done_applied(),
            Self::Removed => say.done_removed(),
            Self::ServerRemoved => say.done_server_removed(),
            Self::TenantRemoved => say.done_tenant_removed(),
            Self::GuestRemoved => say.done_guest_removed(),
            Self::SavedHere => say.done_saved_here(),
            Self::SecretKept => say.done_secret_kept(),
            Self::PasswordChanged => say.done_password_changed(),
            Self::TokenRevoked => say.done_token_revoked(),
            Self::SignedOut => say.done_signed_out(),
            Self::FeedRenewed => say.done_feed_renewed(),
            Self::RemindersSet => say.done_reminders_set(),
            Self::Begun => say.done_begun(),
            Self::TextSaved => say.done_text_saved(),
            Self::BegunAnew => say.done_begun_anew(),
            Self::Filed => say.done_filed(),
            Self::Attached => say.done_attached(),
            Self::Detached => say.done_detached(),
            Self::Joined => say.done_joined(),
            Self::Left => say.done_left(),
            Self::Action => say.done_action(),
            Self::ActionDone => say.done_action_done(),
            Self::Gathering => say.done_gathering(),
            Self::Review => say.done_review(),
            Self::Released => say.done_released(),
            Self::Room => say.done_room(),
            Self::Ended => say.done_room_ended(),
            Self::LinkRenewed => say.done_link_renewed(),
            Self::Closed => say.done_room_closed(),
            Self::Reopened => say.done_room_reopened(),
            Self::RoomDeleted => say.done_room_deleted(),
        }
    }
}
