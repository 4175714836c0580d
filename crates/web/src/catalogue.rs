//! The catalogue: every sentence a person reads, in every language of the product.
//!
//! A message is one whole sentence (or label) with named arguments; links and times are arguments,
//! sentences are never joined from pieces. `messages!` makes each one a method of [`Language`], so
//! a wrong name or a missing argument does not compile. A language is added by a variant of
//! [`Language`]: every message then lacks an arm in its `match`, and the build fails until the
//! sentence is there. Literals are trusted HTML; arguments are escaped unless they are markup.

use maud::{Markup, PreEscaped, Render};

/// A language of the product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// An argument of a message that is read as plain text, in a mail or a feed: it is not escaped for
/// HTML. The messages used there have no markup of their own.
pub(crate) struct Plain<T>(pub T);

impl<T: std::fmt::Display> Render for Plain<T> {
    fn render_to(&self, buffer: &mut String) {
        use std::fmt::Write;
        // Writing to a string does not fail.
        let _ = write!(buffer, "{}", self.0);
    }
}

/// The plural categories of CLDR that the product's languages use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// English and German: exactly one.
    One,
    /// All the rest.
    Other,
}

impl Language {
    /// Every language, in the order of the footer.
    pub const ALL: [Self; 1] = [Self::English];

    /// The language's tag (BCP 47), as in `<html lang>`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    /// The language's own name.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
        }
    }

    /// The language of a tag; the region is ignored.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag);
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The plural category of a whole number.
    pub(crate) fn category(self, count: u64) -> Category {
        match (self, count) {
            (Self::English, 1) => Category::One,
            (Self::English, _) => Category::Other,
        }
    }

    /// Names in a row: "Ada, Bo and Cy".
    pub(crate) fn list(self, items: Vec<Markup>) -> Markup {
        let mut items = items;
        let Some(last) = items.pop() else {
            return Markup::default();
        };
        if items.is_empty() {
            return last;
        }
        let head: Vec<String> = items.into_iter().map(PreEscaped::into_string).collect();
        self.and(PreEscaped(head.join(", ")), last)
    }
}

/// Messages without a number that changes their words.
macro_rules! messages {
    ($($name:ident($($argument:ident),*) { $($language:ident: $text:literal),+ $(,)? })*) => {
        #[allow(clippy::useless_format)]
        impl Language {
            $(
                #[doc = concat!($($text, "\n\n"),+)]
                pub(crate) fn $name(self, $($argument: impl Render),*) -> Markup {
                    $(let $argument = $argument.render().into_string();)*
                    PreEscaped(match self { $(Self::$language => format!($text)),+ })
                }
            )*
        }
    };
}

/// Messages whose words follow a number: one sentence for each plural category of the language.
macro_rules! plurals {
    ($($name:ident[$count:ident]($($argument:ident),*) {
        $($language:ident: one $one:literal other $other:literal),+ $(,)?
    })*) => {
        #[allow(clippy::useless_format)]
        impl Language {
            $(
                #[doc = concat!($($other, "\n\n"),+)]
                pub(crate) fn $name(self, $count: u64, $($argument: impl Render),*) -> Markup {
                    $(let $argument = $argument.render().into_string();)*
                    PreEscaped(match self {
                        $(Self::$language => match self.category($count) {
                            Category::One => format!($one),
                            Category::Other => format!($other),
                        }),+
                    })
                }
            )*
        }
    };
}

mod account;
mod circle;
mod dates;
mod decide;
mod decision;
mod documents;
mod effect;
mod federation;
mod feeds;
mod frame;
mod help;
mod home;
mod hosted;
mod inventory;
mod mail;
mod mediation;
mod meet;
mod node;
mod onboarding;
mod register;
mod room;
mod usage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_take_their_own_sentence() {
        let say = Language::English;
        assert_eq!(say.blocks_sentence(1).0, "One block.");
        assert_eq!(say.blocks_sentence(3).0, "3 blocks.");
        assert_eq!(say.days(1).0, "1 day");
        assert_eq!(say.days(0).0, "0 days");
    }

    #[test]
    fn arguments_are_escaped_and_markup_is_not() {
        let say = Language::English;
        assert_eq!(
            say.and("<b>", PreEscaped("<i>x</i>")).0,
            "&lt;b&gt; and <i>x</i>"
        );
    }

    #[test]
    fn names_in_a_row_are_joined_by_the_language() {
        let say = Language::English;
        let names = |names: &[&str]| names.iter().map(|name| name.render()).collect();
        assert_eq!(say.list(names(&["Ada"])).0, "Ada");
        assert_eq!(say.list(names(&["Ada", "Bo", "Cy"])).0, "Ada, Bo and Cy");
        assert_eq!(say.list(Vec::new()).0, "");
    }

    #[test]
    fn a_language_is_found_by_its_tag_in_any_case() {
        assert_eq!(Language::from_tag("EN-gb"), Some(Language::English));
        assert_eq!(Language::from_tag("tlh"), None);
    }
}
