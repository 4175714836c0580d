//! The answers to the calls for hooks.

use super::{flag, success};
use crate::{
    error::Error,
    xml::{Element, Writer},
};

/// An address that is told of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hook {
    /// The server's id of the hook.
    pub hook_id: String,
    /// The address.
    pub callback_url: String,
    /// The caller's id of the one meeting it is about; none means all.
    pub meeting_id: Option<String>,
    /// Whether the server's own settings name it.
    pub permanent: bool,
    /// Whether events go out unprocessed.
    pub raw_data: bool,
    /// What else the server said.
    pub extra: Vec<Element>,
}

impl Hook {
    fn write(&self, writer: &mut Writer) {
        writer.open("hook");
        writer.leaf("hookID", &self.hook_id);
        writer.leaf("callbackURL", &self.callback_url);
        if let Some(meeting_id) = &self.meeting_id {
            writer.leaf("meetingID", meeting_id);
        }
        writer.plain("permanentHook", self.permanent);
        writer.plain("rawData", self.raw_data);
        writer.elements(&self.extra);
        writer.close("hook");
    }

    fn from_element(element: Element) -> Result<Self, Error> {
        let mut hook = Self::default();
        for element in element.into_children() {
            match element.name() {
                "hookID" => hook.hook_id = element.text(),
                "callbackURL" => hook.callback_url = element.text(),
                "meetingID" => hook.meeting_id = Some(element.text()),
                "permanentHook" => hook.permanent = flag(&element, "permanentHook")?,
                "rawData" => hook.raw_data = flag(&element, "rawData")?,
                _ => hook.extra.push(element),
            }
        }
        Ok(hook)
    }
}

/// The answer to `hooks/list`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks(pub Vec<Hook>);

impl Hooks {
    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            writer.open("hooks");
            for hook in &self.0 {
                hook.write(writer);
            }
            writer.close("hooks");
        })
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When a value is not of its kind.
    pub fn from_response(response: Element) -> Result<Self, Error> {
        response
            .into_children()
            .filter(|element| element.name() == "hooks")
            .flat_map(Element::into_children)
            .filter(|element| element.name() == "hook")
            .map(Hook::from_element)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The answer to `hooks/create`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCreated {
    /// A new hook.
    New {
        /// The server's id of the hook.
        hook_id: String,
        /// Whether the server's own settings name it.
        permanent: bool,
        /// Whether events go out unprocessed.
        raw_data: bool,
    },
    /// The address had a hook before.
    Duplicate {
        /// The server's id of that hook.
        hook_id: String,
    },
}

impl HookCreated {
    /// The message key of a hook that was there before.
    pub const DUPLICATE: &str = "duplicateWarning";

    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| match self {
            Self::New {
                hook_id,
                permanent,
                raw_data,
            } => {
                writer.leaf("hookID", hook_id);
                writer.plain("permanentHook", permanent);
                writer.plain("rawData", raw_data);
            }
            Self::Duplicate { hook_id } => {
                writer.leaf("hookID", hook_id);
                writer.leaf("messageKey", Self::DUPLICATE);
                writer.leaf("message", "There is already a hook for this callback URL.");
            }
        })
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When there is no id.
    pub fn from_response(response: &Element) -> Result<Self, Error> {
        let id = response
            .child("hookID")
            .ok_or(Error::Missing { element: "hookID" })?;
        let hook_id = id.text();
        if response
            .child("messageKey")
            .is_some_and(|key| key.text() == Self::DUPLICATE)
        {
            return Ok(Self::Duplicate { hook_id });
        }
        let told = |name| {
            response
                .child(name)
                .map_or(Ok(false), |element| flag(element, name))
        };
        Ok(Self::New {
            hook_id,
            permanent: told("permanentHook")?,
            raw_data: told("rawData")?,
        })
    }
}
