//! Fields of forms: label, hint, error, control, tied together for screen readers.

use std::{collections::BTreeMap, ops::RangeInclusive};

use maud::{Markup, html};

use super::parts::icon;
use crate::catalogue::Language;

/// What was typed into a form that came back, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Filled {
    values: BTreeMap<String, Vec<String>>,
    errors: Vec<(String, String)>,
    /// Stands before the ids of the form's fields, where a page has two forms with like fields.
    prefix: &'static str,
}

impl Filled {
    /// The pairs of a form as it was sent.
    #[must_use]
    pub fn from_pairs<I, N, V>(pairs: I) -> Self
    where
        I: IntoIterator<Item = (N, V)>,
        N: Into<String>,
        V: Into<String>,
    {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            values.entry(name.into()).or_default().push(value.into());
        }
        Self {
            values,
            ..Self::default()
        }
    }

    /// The same with one more error; an empty `field` means the form as a whole.
    #[must_use]
    pub fn with_error(mut self, field: &str, sentence: impl Into<String>) -> Self {
        self.errors.push((field.to_owned(), sentence.into()));
        self
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The value of a field; empty where it was not sent.
    #[must_use]
    pub fn value(&self, field: &str) -> &str {
        self.values
            .get(field)
            .and_then(|values| values.first())
            .map_or("", String::as_str)
    }

    /// Whether a field was sent with this value among others.
    #[must_use]
    pub fn has(&self, field: &str, value: &str) -> bool {
        self.values
            .get(field)
            .is_some_and(|values| values.iter().any(|sent| sent == value))
    }

    /// Whether this form was sent at all.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        !self.values.is_empty() || self.has_errors()
    }

    /// What was typed into the form that has this field: of a page with several forms, what was typed
    /// into another is none of its own.
    #[must_use]
    pub(crate) fn of_form_with(&self, field: &str) -> Self {
        match self.values.contains_key(field) {
            true => self.clone(),
            false => Self::default(),
        }
    }

    /// The same with `prefix` before the ids of its fields.
    pub(crate) fn with_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Whether something is wrong with this field.
    #[must_use]
    pub(crate) fn is_wrong(&self, field: &str) -> bool {
        self.error(field).is_some()
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, sentence)| sentence.as_str())
    }

    /// The list of errors on top of the page, each a link to its field.
    pub(crate) fn summary(&self, say: Language) -> Markup {
        html! {
            @if self.has_errors() {
                div.errors tabindex="-1" autofocus aria-labelledby="errors-title" {
                    h2 id="errors-title" { (say.there_is_a_problem()) }
                    ul {
                        @for (field, sentence) in &self.errors {
                            li {
                                @if field.is_empty() { (sentence) }
                                @else { a href={ "#field-" (self.prefix) (field) } { (sentence) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The hidden token of a form.
pub(crate) fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(token); }
}

/// What cannot be taken back takes two steps: the first opens what it does, with the form that does it.
/// `id` keeps it open on a page that is brought up to date.
pub(crate) fn second_step(
    (id, is_open): (&str, bool),
    name: Markup,
    means: Markup,
    form: Markup,
) -> Markup {
    html! {
        details.step.no-print id=(id) open[is_open] {
            summary { span.btn.quiet { (name) } }
            (means)
            (form)
        }
    }
}

/// One field of a form.
pub(crate) struct Field<'a> {
    pub name: &'a str,
    pub label: Markup,
    pub hint: Option<Markup>,
    pub filled: &'a Filled,
    /// Shown where the form was not sent yet.
    pub initial: &'a str,
    pub required: bool,
    pub say: Language,
}

impl<'a> Field<'a> {
    pub fn new(say: Language, filled: &'a Filled, name: &'a str, label: Markup) -> Self {
        Self {
            name,
            label,
            hint: None,
            filled,
            initial: "",
            required: false,
            say,
        }
    }

    pub fn hint(mut self, hint: Markup) -> Self {
        self.hint = Some(hint);
        self
    }

    pub fn initial(mut self, initial: &'a str) -> Self {
        self.initial = initial;
        self
    }

    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn value(&self) -> &str {
        if self.filled.is_sent() {
            self.filled.value(self.name)
        } else {
            self.initial
        }
    }

    /// The field's part of its ids.
    fn id(&self) -> String {
        format!("{}{}", self.filled.prefix, self.name)
    }

    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("hint-{}", self.id()));
        let error = self
            .filled
            .error(self.name)
            .map(|_| format!("error-{}", self.id()));
        let ids: Vec<String> = [hint, error].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.filled.error(self.name).map(|_| "true")
    }

    fn around(&self, control: Markup) -> Markup {
        html! {
            div.field.is-wrong[self.invalid().is_some()] {
                label for={ "field-" (self.id()) } { (self.label) }
                (self.notes())
                (control)
            }
        }
    }

    fn notes(&self) -> Markup {
        html! {
            @if let Some(hint) = &self.hint { span.hint id={ "hint-" (self.id()) } { (hint) } }
            @if let Some(error) = self.filled.error(self.name) {
                span.wrong id={ "error-" (self.id()) } {
                    (icon("wait")) span { span.vh { (self.say.error_before_title()) " " } (error) }
                }
            }
        }
    }

    /// One line; `kind` is the input's type, `complete` its autocomplete word.
    pub fn line(&self, kind: &str, complete: Option<&str>) -> Markup {
        let value = (kind != "password").then(|| self.value());
        self.around(html! {
            input type=(kind) id={ "field-" (self.id()) } name=(self.name) value=[value]
                autocomplete=[complete] required[self.required]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        })
    }

    /// A whole number.
    pub fn number(&self, range: RangeInclusive<u64>) -> Markup {
        self.around(html! {
            input type="number" id={ "field-" (self.id()) } name=(self.name) value=(self.value())
                min=(range.start()) max=(range.end()) required[self.required]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        })
    }

    /// A file of the reader's machine.
    pub fn file(&self) -> Markup {
        self.around(html! {
            input type="file" id={ "field-" (self.id()) } name=(self.name)
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        })
    }

    /// Several lines.
    pub fn area(&self, rows: u8) -> Markup {
        self.around(html! {
            textarea id={ "field-" (self.id()) } name=(self.name) rows=(rows)
                required[self.required] aria-describedby=[self.described_by()]
                aria-invalid=[self.invalid()] {
                // The parser drops the first newline of a text area.
                @if self.value().starts_with('\n') { "\n" }
                (self.value())
            }
        })
    }

    /// One of several values; `empty` is the first line where nothing is chosen yet.
    pub fn select(&self, empty: Option<Markup>, options: &[(String, Markup)]) -> Markup {
        self.around(html! {
            select id={ "field-" (self.id()) } name=(self.name) required[self.required]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] {
                @if let Some(empty) = empty { option value="" { (empty) } }
                @for (value, words) in options {
                    option value=(value) selected[value == self.value()] { (words) }
                }
            }
        })
    }

    /// One box to tick, whose value is `yes`.
    pub fn check(&self) -> Markup {
        self.check_of("yes")
    }

    /// One box to tick, with what it says yes to: ticked before for something else it is not ticked.
    pub fn check_of(&self, value: &str) -> Markup {
        html! {
            div.field.is-wrong[self.invalid().is_some()] {
                label.check for={ "field-" (self.id()) } {
                    input type="checkbox" id={ "field-" (self.id()) } name=(self.name) value=(value)
                        checked[self.value() == value] aria-describedby=[self.described_by()];
                    span { (self.label) }
                }
                (self.notes())
            }
        }
    }

    /// Rows to choose from: `kind` is `radio` or `checkbox`; each value with its name, its meaning
    /// and an icon.
    pub fn rows(&self, kind: &str, rows: &[(&str, Markup, Markup, &str)]) -> Markup {
        let sent = self.filled.is_sent();
        let chosen = |value: &str| match sent {
            true => self.filled.has(self.name, value),
            false => self.initial.split(' ').any(|word| word == value),
        };
        html! {
            fieldset.field.is-wrong[self.invalid().is_some()] id={ "field-" (self.id()) }
                aria-describedby=[self.described_by()] {
                legend { (self.label) }
                (self.notes())
                @for (value, name, means, shape) in rows {
                    label.choice for={ "choice-" (self.id()) "-" (value) } {
                        input type=(kind) name=(self.name) value=(value)
                            id={ "choice-" (self.id()) "-" (value) }
                            checked[chosen(value)] required[self.required && kind == "radio"];
                        span { (name) span.means { (means) } }
                        @if !shape.is_empty() { (icon(shape)) }
                    }
                }
            }
        }
    }
}
