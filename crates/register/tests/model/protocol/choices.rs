//! What liars can sign, and what closings can be made of it.

use register::counting::Counted;

use super::{Closing, Protocol, State};
use crate::{
    knowledge::{ALL, count, sizes, subsets},
    outcomes::{Seals, closings},
};

impl Protocol {
    pub fn can_be_held(&self, state: &State, ballot: usize) -> bool {
        count(state.given[ballot]) + self.liars() >= sizes().witnesses()
    }

    /// The rows of every manifest a liar can sign now, by kind: nothing, or one row whose ballots
    /// have receipts enough.
    pub fn liars_manifests(&self, state: &State) -> Vec<(usize, u8)> {
        let usable = |row: &usize| {
            let listed = &self.rows[*row].ballots;
            (0..self.ballots.len())
                .filter(|ballot| listed.contains(&Self::hash(*ballot)))
                .all(|ballot| self.can_be_held(state, ballot))
        };
        let rows = (0..self.rows.len())
            .filter(usable)
            .map(|row| (row + 1, 1 << row));
        [(0, 0)].into_iter().chain(rows).collect()
    }

    /// The rows a seal can have, signed by whoever likes: a quorum of manifests, one per author.
    pub fn possible_sides(&self, state: &State) -> Vec<u8> {
        let mut sides = Vec::new();
        if self.closing == Closing::Manifests {
            return self
                .liars_manifests(state)
                .into_iter()
                .map(|(_, rows)| rows)
                .collect();
        }
        let signed = (0..self.honest).filter(|author| state.manifests[*author].is_some());
        for named in subsets(signed.fold(0, |mask, author| mask | 1 << author)) {
            let of = |author: usize| state.manifests[author].filter(|_| named & (1 << author) != 0);
            let rows = (0..self.honest)
                .filter_map(of)
                .fold(0, |rows, more| rows | more);
            if count(named) >= sizes().quorum() {
                sides.push(rows);
            }
            // More than one liar can each add a row; the first makes up the number.
            for liars in 1..=self.liars() {
                if count(named) + liars >= sizes().quorum() {
                    let added = self.liars_manifests(state);
                    sides.extend(added.into_iter().map(|(_, more)| rows | more));
                }
            }
        }
        sides.sort_unstable();
        sides.dedup();
        sides
    }

    /// The seals of the honest, and those the liars can add, in every combination.
    pub fn all_seals(&self, state: &State) -> Vec<Seals> {
        let mut seals: Seals = [None; ALL];
        seals[..self.honest].copy_from_slice(&state.seals[..self.honest]);
        let signed = seals.iter().flatten().count();
        if signed + self.liars() < sizes().quorum() {
            return Vec::new();
        }
        let sides = self.possible_sides(state);
        let mut all = vec![seals];
        for liar in self.honest..ALL {
            let more = |seals: &Seals| {
                let mut seals = *seals;
                let with = |side: &u8| {
                    seals[liar] = Some(*side);
                    seals
                };
                sides.iter().map(with).collect::<Vec<Seals>>()
            };
            all = all.iter().flat_map(more).collect();
        }
        all
    }

    /// What counts in every closing that can be made now.
    pub fn outcomes(&self, state: &State) -> Vec<Option<Counted>> {
        let seals = self.all_seals(state);
        let closings = seals.iter().flat_map(closings);
        closings
            .map(|closing| self.outcomes.get(&closing).cloned())
            .collect()
    }
}
