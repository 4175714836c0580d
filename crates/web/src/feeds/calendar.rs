//! How a calendar is written (iCalendar, RFC 5545): lines of at most 75 octets ended by CRLF,
//! texts escaped, every time in UTC.

use domain::id::Timestamp;

use crate::pages::time::utc_text;

/// The longest line in octets, without its end (RFC 5545 §3.1).
const LINE_OCTETS_MAX: usize = 75;
/// How often programs are asked to look again.
const REFRESH: &str = "PT1H";
/// A calendar has at least one component (§3.6); where there is no event, this one says nothing.
const NO_EVENTS: [&str; 8] = [
    "BEGIN:VTIMEZONE",
    "TZID:UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
];

/// A calendar.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub name: String,
    pub about: String,
    pub events: Vec<Event>,
}

/// An event.
#[derive(Debug)]
pub(crate) struct Event {
    /// What names it for ever.
    pub uid: String,
    /// When it last changed.
    pub changed: Timestamp,
    /// Grows with every change of its times or its state.
    pub sequence: u64,
    pub starts: Timestamp,
    /// None for a moment.
    pub ends: Option<Timestamp>,
    pub summary: String,
    pub description: String,
    pub category: String,
    /// Where; may be empty.
    pub location: String,
    pub page: String,
    /// Whether it takes people's time: they can do something else while a vote is open.
    pub is_busy: bool,
    pub is_cancelled: bool,
    /// Hours before the start at which the program says so.
    pub alarms_hours: Vec<u8>,
}

impl Calendar {
    /// The calendar as it is sent.
    pub(crate) fn write(&self) -> String {
        let mut lines = Lines::default();
        lines.put("BEGIN", "VCALENDAR");
        lines.put("VERSION", "2.0");
        lines.put("PRODID", "-//Folkmoot//Folkmoot//EN");
        lines.put("CALSCALE", "GREGORIAN");
        // NAME is RFC 7986; most programs know the older one only.
        lines.text("NAME", &self.name);
        lines.text("X-WR-CALNAME", &self.name);
        lines.text("DESCRIPTION", &self.about);
        lines.put("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
        lines.put("X-PUBLISHED-TTL", REFRESH);
        for event in &self.events {
            event.write(&mut lines);
        }
        if self.events.is_empty() {
            NO_EVENTS.iter().for_each(|line| lines.line(line));
        }
        lines.put("END", "VCALENDAR");
        lines.0
    }
}

impl Event {
    fn write(&self, lines: &mut Lines) {
        lines.put("BEGIN", "VEVENT");
        lines.text("UID", &self.uid);
        lines.time("DTSTAMP", self.changed);
        lines.time("LAST-MODIFIED", self.changed);
        lines.put("SEQUENCE", &self.sequence.to_string());
        lines.time("DTSTART", self.starts);
        if let Some(ends) = self.ends {
            lines.time("DTEND", ends);
        }
        lines.text("SUMMARY", &self.summary);
        lines.text("DESCRIPTION", &self.description);
        lines.text("CATEGORIES", &self.category);
        lines.put("URL", &self.page);
        if !self.location.is_empty() {
            lines.text("LOCATION", &self.location);
        }
        lines.put(
            "TRANSP",
            if self.is_busy {
                "OPAQUE"
            } else {
                "TRANSPARENT"
            },
        );
        let status = if self.is_cancelled {
            "CANCELLED"
        } else {
            "CONFIRMED"
        };
        lines.put("STATUS", status);
        for hours in self.alarms_hours.iter().filter(|_| !self.is_cancelled) {
            lines.put("BEGIN", "VALARM");
            lines.put("ACTION", "DISPLAY");
            lines.text("DESCRIPTION", &self.summary);
            lines.put("TRIGGER", &format!("-PT{hours}H"));
            lines.put("END", "VALARM");
        }
        lines.put("END", "VEVENT");
    }
}

/// Lines as they go over the wire.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A property whose value is written as it is.
    fn put(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}:{value}"));
    }

    /// A property of the type TEXT.
    fn text(&mut self, name: &str, value: &str) {
        self.put(name, &escape(value));
    }

    fn time(&mut self, name: &str, at: Timestamp) {
        self.put(name, &utc_text(at, "%Y%m%dT%H%M%SZ"));
    }

    /// One line, folded where it is too long, never within a character.
    fn line(&mut self, line: &str) {
        let mut octets = 0;
        for character in line.chars().filter(|c| !c.is_control() || *c == '\t') {
            if octets + character.len_utf8() > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(character);
            octets += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// A text with what would end it escaped (§3.3.11). Other control characters are left out when
/// the line is written.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use icalendar::{CalendarComponent, Component, DatePerhapsTime};
    use proptest::prelude::*;

    use super::*;

    /// Sunday 22 November 2026, 13:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_352_400_000);

    fn event(summary: &str) -> Event {
        Event {
            uid: "1@example".to_owned(),
            changed: NOW,
            sequence: 3,
            starts: NOW.plus_seconds(3_600),
            ends: None,
            summary: summary.to_owned(),
            description: summary.to_owned(),
            category: "Deadline".to_owned(),
            location: String::new(),
            is_busy: false,
            page: "https://moot.example.org/archive/1".to_owned(),
            is_cancelled: false,
            alarms_hours: vec![24],
        }
    }

    fn calendar(events: Vec<Event>) -> String {
        let calendar = Calendar {
            name: "A; B, C".to_owned(),
            about: "Votes".to_owned(),
            events,
        };
        calendar.write()
    }

    fn parse(text: &str) -> icalendar::Calendar {
        text.parse()
            .unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn only_event(text: &str) -> icalendar::Event {
        let calendar = parse(text);
        let events = calendar
            .components
            .iter()
            .filter_map(CalendarComponent::as_event);
        let events: Vec<_> = events.cloned().collect();
        assert_eq!(events.len(), 1, "{text}");
        events[0].clone()
    }

    #[test]
    fn a_calendar_program_reads_the_times_in_utc_and_the_alarm() {
        let text = calendar(vec![event("Vote closes")]);
        let read = only_event(&text);
        assert_eq!(read.get_uid(), Some("1@example"));
        assert_eq!(read.get_sequence(), Some(3));
        assert_eq!(read.get_url(), Some("https://moot.example.org/archive/1"));
        let start = read.get_start().unwrap();
        let DatePerhapsTime::DateTime(icalendar::CalendarDateTime::Utc(start)) = start else {
            panic!("{start:?}")
        };
        assert_eq!(start.to_rfc3339(), "2026-11-22T14:00:00+00:00");
        assert!(text.contains("DTSTAMP:20261122T130000Z\r\n"), "{text}");
        assert!(
            text.contains("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Vote closes\r\nTRIGGER:-PT24H\r\nEND:VALARM"),
            "{text}"
        );
    }

    #[test]
    fn commas_semicolons_backslashes_and_newlines_come_back_as_they_were() {
        let title = "Rent a hall; a room, or \\both\\\nfor 12";
        let text = calendar(vec![event(title)]);
        assert_eq!(only_event(&text).get_summary(), Some(title));
        // Lenient programs take less escaping; strict ones do not.
        let escaped = r"SUMMARY:Rent a hall\; a room\, or \\both\\\nfor 12";
        assert!(text.contains(escaped), "{text}");
    }

    #[test]
    fn nothing_in_a_text_can_begin_a_property_of_its_own() {
        let text = calendar(vec![event(
            "x\r\nATTENDEE:mailto:a@example.org\rEND:VEVENT\u{0}\u{7}",
        )]);
        assert!(!text.contains("\r\nATTENDEE") && !text.contains('\u{0}'));
        only_event(&text);
    }

    #[test]
    fn long_lines_are_folded_at_75_octets_and_never_within_a_character() {
        let title = "🐝 Bienen für den Garten ".repeat(12);
        let text = calendar(vec![event(title.trim())]);
        for line in text.split("\r\n") {
            assert!(line.len() <= 75, "{} in {line}", line.len());
        }
        assert!(text.lines().any(|line| line.starts_with(' ')));
        assert_eq!(only_event(&text).get_summary(), Some(title.trim()));
    }

    #[test]
    fn a_withdrawn_event_is_cancelled_and_rings_no_alarm() {
        let text = calendar(vec![Event {
            is_cancelled: true,
            ..event("x")
        }]);
        assert_eq!(
            only_event(&text).get_status(),
            Some(icalendar::EventStatus::Cancelled)
        );
        assert!(!text.contains("VALARM"));
    }

    #[test]
    fn a_calendar_without_events_is_one_all_the_same() {
        let text = calendar(Vec::new());
        let read = parse(&text);
        assert!(text.contains("X-WR-CALNAME:A\\; B\\, C\r\n"), "{text}");
        assert!(read.components.iter().all(|part| part.as_event().is_none()));
    }

    proptest! {
        #[test]
        fn any_title_is_read_back_from_lines_that_are_short_enough(title in "[^\\p{C}\u{85}\u{2028}\u{2029}]{1,200}") {
            let title = title.trim();
            prop_assume!(!title.is_empty());
            let text = calendar(vec![event(title)]);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
            let read = only_event(&text);
            prop_assert_eq!(read.get_summary(), Some(title));
        }
    }
}
