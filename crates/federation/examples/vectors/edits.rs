//! Edits that are refused by their form.

use domain::{cbor::Encoder, record::Kind};

use super::{
    notation::done,
    records::{ID, write},
};

fn edit(document: bool, operations: usize, each: impl Fn(&mut Encoder)) -> Vec<u8> {
    write(|e| {
        e.array(3);
        if document {
            e.value(&ID);
        } else {
            e.null();
        }
        e.null().array(operations);
        for _ in 0..operations {
            each(e);
        }
    })
}

fn splicing(position: u64, delete: u64, insert: &str) -> impl Fn(&mut Encoder) {
    move |e| {
        e.array(5).uint(0).null().uint(position).uint(delete);
        e.text(insert);
    }
}

/// Bodies of edits that are refused.
pub fn refused_edits() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let started = |operations: usize| {
        write(|e| {
            e.array(3).value(&ID).array(2).text("Draft").null();
            e.array(operations);
            for _ in 0..operations {
                splicing(0, 1, "")(e);
            }
        })
    };
    let long = "a".repeat(32_769);
    let rows = [
        ("an edit of no document", edit(false, 1, splicing(0, 1, ""))),
        ("an edit that changes nothing", edit(true, 0, done)),
        (
            "a splice that changes nothing",
            edit(true, 1, splicing(3, 0, "")),
        ),
        ("a start with an operation", started(1)),
        ("257 operations", edit(true, 257, splicing(0, 1, ""))),
        (
            "a position beyond any text",
            edit(true, 1, splicing(524_289, 1, "")),
        ),
        (
            "65537 characters deleted",
            edit(true, 1, splicing(0, 65_537, "")),
        ),
        (
            "65537 characters in all",
            edit(true, 2, splicing(0, 32_768, "a")),
        ),
        (
            "too long an insertion",
            edit(true, 1, splicing(0, 0, &long)),
        ),
        (
            "a carriage return inserted",
            edit(true, 1, splicing(0, 0, "a\r")),
        ),
        (
            "operation 8",
            edit(true, 1, |e| done(e.array(3).uint(8).uint(0).text("a"))),
        ),
        (
            "a splice without its text",
            edit(true, 1, |e| done(e.array(4).uint(0).null().uint(0).uint(1))),
        ),
        (
            "an unknown object",
            edit(true, 1, |e| done(e.array(3).uint(2).uint(1).text("a"))),
        ),
        (
            "an object of no earlier operation",
            edit(true, 1, |e| {
                e.array(3).uint(5).array(2).null().uint(0).uint(0);
            }),
        ),
        (
            "an empty key",
            edit(true, 1, |e| done(e.array(3).uint(2).uint(0).text(""))),
        ),
        (
            "an array as a value",
            edit(true, 1, |e| {
                done(e.array(4).uint(1).uint(0).text("a").array(0))
            }),
        ),
        (
            "65 bytes as a value",
            edit(true, 1, |e| {
                done(e.array(4).uint(1).uint(0).text("a").bytes(&[0; 65]))
            }),
        ),
        (
            "an object of kind 3",
            edit(true, 1, |e| {
                done(e.array(4).uint(6).uint(0).text("a").uint(3))
            }),
        ),
    ];
    rows.map(|(what, body)| (what, Kind::Edit, body)).into()
}
