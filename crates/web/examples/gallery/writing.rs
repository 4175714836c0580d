//! Samples of the pages of documents.

use domain::record::Sort;
use maud::Markup;
use web::pages::document::{self, Document, Lost, Passage, Why};
use web::pages::documents::{self, Beginning, Item, List, Writer};
use web::pages::editor::{self, Editor};
use web::pages::form::Filled;
use web::pages::history::{self, Begins, Compare, Group, History, Point, Version};
use web::pages::parts::Name;

use super::sample::{frame, hash, hours_ago, member};

const TEXT: &str = "Recordings are kept for 60 days.\n\nThen they are deleted.\nNobody is asked.";

pub fn writer(number: usize, person: &str) -> Writer {
    Writer {
        person: (!person.is_empty()).then(|| person.to_owned()),
        member: member(number),
        individual: number == 3,
    }
}

fn name() -> Name {
    Name::new("d1", "Recordings")
}

fn point(version: &str) -> Point {
    Point {
        version: version.into(),
        after: Some((hours_ago(3), writer(1, "Jo"))),
    }
}

fn whole() -> Document {
    Document {
        document: name(),
        text: Some(TEXT.into()),
        version: "now".into(),
        passages: None,
        writers: vec![
            writer(0, "Ada"),
            writer(1, "Jo"),
            writer(2, ""),
            writer(3, "Ellis"),
        ],
        changed: Some((hours_ago(1), writer(1, "Jo"))),
        waiting: false,
        nearly_full: false,
        began_otherwise: false,
        lost: Vec::new(),
        present: vec![writer(1, "Jo")],
        sort: Sort::Draft,
        circle: Some(Name::new("c-tech", "Technology Operations")),
        proposal: None,
        is_decided: false,
        may_amend: false,
        closed: false,
        circles: vec![Name::new("c-tech", "Technology Operations")],
        attached: Vec::new(),
    }
}

fn in_trouble() -> Document {
    let lost = |why, words: &str| Lost {
        at: hours_ago(2),
        why,
        words: words.into(),
    };
    let passage = |writer, text: &str| Passage {
        writer,
        text: text.into(),
    };
    Document {
        passages: Some(vec![
            passage(writer(0, "Ada"), "Recordings are kept for "),
            passage(writer(1, "Jo"), "60"),
            passage(writer(0, "Ada"), " days.\n\nThen they are deleted.\n"),
            passage(writer(2, ""), "Nobody is asked."),
        ]),
        waiting: true,
        nearly_full: true,
        began_otherwise: true,
        lost: vec![
            lost(
                Why::Faulty("operation 0 reaches to 9, past the end at 5".into()),
                "Two lines\n\nof words.",
            ),
            lost(Why::Full, "More."),
            lost(Why::Waits, ""),
            lost(Why::LeftBehind, "Late."),
        ],
        proposal: Some(Name::new("p1", "Keep meeting recordings for 60 days")),
        is_decided: false,
        may_amend: true,
        ..whole()
    }
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/documents/d1");
    let plain = Filled::default();
    let item = |id: &str, title: &str, closed| Item {
        document: Name::new(id, title),
        sort: Sort::Minutes,
        circle: Some(Name::new("c-tech", "Technology Operations")),
        members: vec![member(0), member(1)],
        changed: hours_ago(4),
        closed,
    };
    let items = [
        item("d1", "Recordings", false),
        item("d2", "Minutes of May", true),
    ];
    let list = List {
        items: items.into(),
        closed: false,
        counts: (1, 1),
        page: 2,
        more: true,
    };
    let none = List {
        items: Vec::new(),
        closed: true,
        page: 1,
        more: false,
        ..list.clone()
    };
    let beginning = Beginning {
        sort: Sort::Draft,
        title: "Recordings".into(),
        text: TEXT.into(),
        circle: "c-tech".into(),
        circles: whole().circles,
        proposal: Some(Name::new("p1", "Keep meeting recordings for 60 days")),
    };
    let empty = Document {
        text: None,
        present: Vec::new(),
        ..whole()
    };
    let wrong = Filled::from_pairs([("sort", "poem")]).with_error("sort", "Choose what it is for.");
    vec![
        ("documents", documents::list(&at, &list)),
        ("documents-none", documents::list(&at, &none)),
        ("document-new", documents::new(&at, &beginning, &plain)),
        ("document", document::page(&at, &whole(), &plain)),
        (
            "document-trouble",
            document::page(&at, &in_trouble(), &wrong),
        ),
        ("document-not-here", document::page(&at, &empty, &plain)),
    ]
    .into_iter()
    .chain(writing())
    .chain(looking_back())
    .collect()
}

fn writing() -> Vec<(&'static str, Markup)> {
    let at = frame("/documents/d1/edit");
    let editor = Editor {
        document: name(),
        person: "01".repeat(16),
        basis: hash(3),
        text: TEXT.into(),
        present: vec![writer(1, "Jo"), writer(2, "Sam")],
        saved: Some(hours_ago(0)),
    };
    let sent = Filled::from_pairs([("text", "\nWhat I wrote"), ("basis", "00")])
        .with_error("text", "The text has control characters.");
    vec![
        (
            "document-edit",
            editor::page(&at, &editor, &Filled::default()),
        ),
        ("document-edit-wrong", editor::page(&at, &editor, &sent)),
    ]
}

fn looking_back() -> Vec<(&'static str, Markup)> {
    let at = frame("/documents/d1/history");
    let group = |hours, begins, before: Option<&str>| Group {
        writer: writer(1, "Jo"),
        from: hours_ago(hours),
        to: hours_ago(hours - 1),
        changes: 3,
        begins,
        before: before.map(str::to_owned),
        after: Some("0123456789abcdef-fedcba9876543210".into()),
    };
    let view = History {
        document: name(),
        groups: vec![
            group(3, None, Some("0123456789abcdef")),
            group(5, Some(Begins::Anew), Some("0123456789abcdef")),
            group(9, Some(Begins::Document), None),
        ],
        page: 2,
        more: true,
        chosen: None,
    };
    let choosing = History {
        chosen: Some(point("0123456789abcdef")),
        ..view.clone()
    };
    let version = Version {
        document: name(),
        point: point("0123456789abcdef"),
        text: TEXT.into(),
    };
    let compare = Compare {
        document: name(),
        older: (point("0123456789abcdef"), TEXT.replace("60", "30")),
        newer: (point("now"), TEXT.into()),
    };
    vec![
        ("document-history", history::history(&at, &view)),
        (
            "document-history-choosing",
            history::history(&at, &choosing),
        ),
        ("document-version", history::version(&at, &version)),
        ("document-compare", history::compare(&at, &compare)),
    ]
}
