//! Files in which something was changed, dropped, doubled or moved.

use serde_json::Value;

/// The file with one thing changed, dropped, doubled or moved, as often as asked.
pub fn tampered(text: &str, number: usize, random: &mut impl FnMut(usize) -> usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..number {
        let mut bytes = text.as_bytes().to_vec();
        let at = random(bytes.len());
        let other = b"0123456789abcdef \n\",[]{}x"[random(25)];
        match random(8) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, other),
            _ => bytes[at] = other,
        }
        all.extend(
            String::from_utf8(bytes)
                .ok()
                .filter(|changed| changed != text),
        );
    }
    let value: Value = serde_json::from_str(text).unwrap();
    for list in [
        "headers",
        "validators",
        "certificates",
        "items",
        "recoveries",
    ] {
        let length = value[list].as_array().map_or(0, Vec::len);
        for at in 0..length {
            let mut edits: Vec<Value> = vec![value.clone(); 3];
            let lists: Vec<&mut Vec<Value>> = edits
                .iter_mut()
                .map(|edit| edit[list].as_array_mut().unwrap())
                .collect();
            for (edit, list) in lists.into_iter().enumerate() {
                let one = list[at].clone();
                match edit {
                    0 => drop(list.remove(at)),
                    1 => list.insert(at, one),
                    _ => list.swap(at, (at + 1) % length),
                }
            }
            all.extend(edits.iter().map(|edit| respelt(text, edit)));
        }
    }
    all.retain(|changed| changed != text);
    all
}

/// A value as decision files are written: the fields in the order that the text has them in.
pub fn respelt(text: &str, value: &Value) -> String {
    let names = [
        "format",
        "federation",
        "opening",
        "genesis",
        "beginning",
        "headers",
        "validators",
        "certificates",
        "items",
        "recoveries",
        "charter",
        "text",
    ];
    let mut lines = Vec::new();
    for name in names.iter().filter(|name| !value[**name].is_null()) {
        let field = match *name {
            // The other fields are texts and lists of texts, which have one spelling.
            "items" => {
                let items = value["items"].as_array().unwrap().iter().map(|one| {
                    let (height, items) = (&one["height"], &one["items"]);
                    format!("    {{\n      \"height\": {height},\n      \"items\": {items}\n    }}")
                });
                match items.collect::<Vec<_>>().join(",\n") {
                    items if items.is_empty() => "[]".to_owned(),
                    items => format!("[\n{items}\n  ]"),
                }
            }
            _ => serde_json::to_string_pretty(&value[*name])
                .unwrap()
                .replace('\n', "\n  "),
        };
        lines.push(format!("  \"{name}\": {field}"));
    }
    let respelt = format!("{{\n{}\n}}\n", lines.join(",\n"));
    assert!(
        text.len().abs_diff(respelt.len()) < text.len(),
        "only one thing differs"
    );
    respelt
}

/// Numbers that look random and are the same every time.
pub fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    }
}
