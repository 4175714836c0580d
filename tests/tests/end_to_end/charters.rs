//! The charter at the terminal: shown with power, and compared with another.

use end_to_end::{
    federation::{Federation, charter},
    story::story,
};

#[test]
fn a_charter_is_shown_and_compared_at_the_terminal_and_one_that_does_not_add_up_is_refused() {
    story(90, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let alder = &federation.coops[0];
        let shown = alder.say(&["charter", "show", "--power"]).await.done();
        for words in [
            "Charter of the Tree Federation",
            "Producer organisations",
            "Power under class-weighted",
            "100.0 %",
        ] {
            assert!(shown.out.contains(words), "{words}: {}", shown.out);
        }
        let whole = alder.ask(&["charter", "show"]).await;
        let file = alder.beside("changed.toml");
        let toml = whole["toml"].as_str().unwrap();
        let name = file.to_string_lossy().into_owned();
        std::fs::write(&file, toml).unwrap();
        let same = alder.say(&["charter", "compare", &name]).await.done();
        assert!(same.out.contains("say the same"), "{}", same.out);

        let key = "class.producer.strength-percent = 40";
        let changed = toml.replace(key, "class.producer.strength-percent = 41");
        std::fs::write(&file, &changed).unwrap();
        let refused = alder.say(&["charter", "compare", &name]).await;
        refused.refused(3, &["add up to 101", "line "]);

        let other = "class.consumer.strength-percent = ";
        let changed = changed.replace(&format!("{other}35"), &format!("{other}34"));
        std::fs::write(&file, &changed).unwrap();
        let compared = alder.say(&["charter", "compare", &name]).await.done();
        for words in [
            "class.producer.strength-percent  40   41",
            "class.consumer.strength-percent  35   34",
            "For the text of a proposal: /charter/compare?class.consumer.strength-percent=34&",
        ] {
            assert!(compared.out.contains(words), "{words}: {}", compared.out);
        }
    });
}
