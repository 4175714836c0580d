use crate::history::*;
use replica::*;
#[test]
fn debug() {
    let Ok(seed) = std::env::var("HISTORY") else {
        return;
    };
    let seed: u64 = seed.parse().unwrap();
    let h = History::random(seed, 40);
    let f = h.cast.federation();
    for e in &h.entries {
        let x = &e.header;
        println!(
            "{} {}@{} grant {} prev {:?} t{} {:?}",
            e.id(&f).short(),
            x.author.short(),
            x.sequence,
            x.grant.short(),
            x.previous.map(|p| p.short()),
            x.time.0 / 1000 % 100000,
            domain::record::Record::from_bytes(x.kind, e.body.as_ref().unwrap().bytes()).map(|r| {
                match r {
                    Some(domain::record::Record::Opening(_)) => "Opening".to_string(),
                    Some(domain::record::Record::Ballot(b)) => format!(
                        "Ballot phase {} rev {} {:?}",
                        b.phase.short(),
                        b.revision,
                        b.choice
                    ),
                    Some(domain::record::Record::Mandate(b)) => format!(
                        "Mandate {} {:?}",
                        b.number,
                        b.delegates
                            .iter()
                            .map(|d| d.key.short())
                            .collect::<Vec<_>>()
                    ),
                    Some(domain::record::Record::Grant(b)) => {
                        format!("Grant {} {:?}", b.key.short(), b.roles.words())
                    }
                    Some(domain::record::Record::Revocation(b)) => {
                        format!("Revocation {} {:?}", b.key.short(), b.last)
                    }
                    x => format!("{:?}", x).chars().take(20).collect(),
                }
            })
        );
    }
    let mut r = Replica::new(h.cast.genesis.clone());
    for pass in 0..3 {
        for e in &h.entries {
            println!(
                "{pass} {} {:?}",
                e.id(&f).short(),
                r.offer(h.cast.now(), e.clone())
            );
        }
    }
}
