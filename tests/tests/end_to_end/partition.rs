//! Two groups that cannot reach each other.

use end_to_end::{
    federation::{Federation, charter},
    story::story,
};

#[test]
fn two_groups_cut_apart_vote_on_both_sides_and_agree_after_healing() {
    story(120, async {
        let names = ["Alder", "Birch", "Cedar", "Dogwood"];
        let federation = Federation::found(&names, &charter(3_600)).await;
        let [alder, birch, cedar, dogwood] = &federation.coops[..] else {
            unreachable!()
        };
        let id = alder.put_to_the_vote("Buy a second server").await;
        for coop in &federation.coops {
            coop.knows(&id).await;
        }

        federation.forwarder.cut(&[0, 1], &[2, 3]);
        for (coop, choice) in [(alder, "agree"), (birch, "abstain"), (cedar, "block")] {
            coop.vote(&id, choice).await;
        }
        dogwood.vote(&id, "agree").await;
        let pair = |names: [&str; 2], choices: [&str; 2]| -> Vec<_> {
            let all = names.iter().zip(choices);
            all.map(|(name, choice)| ((*name).to_owned(), choice.to_owned()))
                .collect()
        };
        for (side, expected) in [
            (
                &federation.coops[..2],
                [
                    pair(["Alder", "Birch"], ["agree", "abstain"]),
                    pair(["Cedar", "Dogwood"], ["-", "-"]),
                ]
                .concat(),
            ),
            (
                &federation.coops[2..],
                [
                    pair(["Alder", "Birch"], ["-", "-"]),
                    pair(["Cedar", "Dogwood"], ["block", "agree"]),
                ]
                .concat(),
            ),
        ] {
            for coop in side {
                let what = format!("{} shows its side's votes alone", coop.name);
                end_to_end::wait::until_equal(&what, 10, &expected, async || coop.tally(&id).await)
                    .await;
            }
        }

        federation.forwarder.heal();
        federation
            .shows(&id, &["agree", "abstain", "block", "agree"], 60)
            .await;
    });
}
