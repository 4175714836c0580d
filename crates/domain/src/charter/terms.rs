//! What a charter says, typed, with every default filled in.

use std::collections::BTreeMap;

use super::{
    CharterError, Class, ClassId, ClassKind, Eligible, Fraction, Problem, RuleName,
    reader::{Reader, WordOrList, unknown_word},
};

/// The most classes.
pub const CLASSES_MAX: usize = 8;
/// The most aims.
pub const AIMS_MAX: usize = 16;
/// The longest period: a year of 365 days.
pub const PERIOD_SECONDS_MAX: u64 = 31_536_000;

const fn fraction(numerator: u64, denominator: u64) -> Fraction {
    match Fraction::new(numerator, denominator) {
        Some(fraction) => fraction,
        None => panic!("a default is no fraction from 0 to 1"),
    }
}

const AIMS: [&str; 6] = [
    "Meetings on free software, run by the co-ops that use them",
    "Fair pay for work, visible to every member",
    "No member decides for the others",
    "No more is kept about people than the service needs",
    "What one member learns, every member can use",
    "Nobody carries the co-op alone",
];

const CLASSES: [(&str, &str, ClassKind, u64); 3] = [
    (
        "producer",
        "Producer organisations",
        ClassKind::Organisation,
        40,
    ),
    (
        "consumer",
        "Consumer organisations",
        ClassKind::Organisation,
        35,
    ),
    ("individual", "Individuals", ClassKind::Individual, 25),
];

/// The licences of what members make together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// Of texts, as an SPDX identifier or in words.
    pub content: String,
    /// Of data.
    pub data: String,
}

/// How long things take, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// A regular vote.
    pub regular_seconds: u64,
    /// An urgent vote, which needs a justification.
    pub urgent_seconds: u64,
    /// The time to integrate a block, regular.
    pub integration_regular_seconds: u64,
    /// The time to integrate a block, urgent.
    pub integration_urgent_seconds: u64,
    /// By how much a late block extends the vote, once.
    pub late_block_extension_seconds: u64,
    /// The last part of a period, in which a block is late.
    pub late_block_fraction: Fraction,
    /// The one extension of a vote without quorum, as a part of its period.
    pub extension_fraction: Fraction,
}

/// What the charter rule asks for beside its quorum and a majority in every class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharterRule {
    /// More than this part of those who agree or are against must agree.
    pub majority: Fraction,
    /// At least this part of the electorate must agree, by class and strength,
    pub assent: Fraction,
    /// and this part once the vote was extended.
    pub assent_extended: Fraction,
}

/// When the blocks of a class make the charter rule decide what another rule would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassBlock {
    /// At least this part of the class's ballots block,
    pub ballots: Fraction,
    /// and at least this part of the class voted.
    pub turnout: Fraction,
}

/// What holds for one decision rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTerms {
    /// Who may vote.
    pub eligible: Eligible,
    /// The part of the electorate that must cast a ballot.
    pub quorum: Fraction,
}

/// The key of the time that a recovery is announced: younger than the default charter, so it is
/// written out only where it differs.
pub(super) const RECOVERY_NOTICE: &str = "recovery.notice-seconds";
/// Its default: 14 days.
pub(super) const RECOVERY_NOTICE_SECONDS: u64 = 1_209_600;

/// What a charter says, every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The charter's title.
    pub title: String,
    /// The licences of content and data.
    pub licence: Licence,
    /// The aims and principles that a block names.
    pub aims: Vec<String>,
    /// The classes in the charter's order.
    pub classes: Vec<Class>,
    /// The rules a proposal may choose, as far as this release knows their names.
    pub rules: Vec<RuleName>,
    /// The names in the list of rules that this release does not know.
    pub unknown_rules: Vec<String>,
    /// The rule of a proposal that chooses none.
    pub default_rule: RuleName,
    /// What holds for each rule, chosen or not.
    pub(super) per_rule: BTreeMap<RuleName, RuleTerms>,
    /// How many must agree under consent.
    pub minimum_agrees: u64,
    /// How many blocks stop a proposal under consent.
    pub minimum_blocks: u64,
    /// What the charter rule asks for.
    pub charter_rule: CharterRule,
    /// When the blocks of a class make the charter rule decide.
    pub class_block: ClassBlock,
    /// The visible characters a block's reason must have.
    pub minimum_reason_characters: u64,
    /// Whether a ballot may say *disagree*.
    pub disagree_allowed: bool,
    /// The periods.
    pub periods: Periods,
    /// How far a clock may be off before its node signs no receipt: *e*.
    pub clock_bound_seconds: u64,
    /// How long an entry may take to reach every connected node: *D*.
    pub gossip_bound_seconds: u64,
    /// How long a recovery of the register is announced before it can be confirmed.
    pub recovery_notice_seconds: u64,
    /// The hours each member owes in a year.
    pub duty_hours_per_year: u64,
    /// The part of a payment that goes to the producer who brought the consumer in.
    pub referral_fraction: Fraction,
    /// After how many days notes are erased; 0 keeps them until their author erases them.
    pub retention_note_days: u64,
}

impl Terms {
    /// Reads every key this release knows.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CharterError> {
        let title = reader.text("title", "Charter of a co-op of co-ops")?;
        let licence = Licence {
            content: reader.text("licence.content", "CC-BY-SA-4.0")?,
            data: reader.text("licence.data", "PDDL-1.0")?,
        };
        let aims = reader.texts("aims", 1..=AIMS_MAX, &AIMS)?;
        let classes = classes(reader)?;
        let (rules, unknown_rules, default_rule) = rules(reader)?;
        let per_rule = per_rule(reader, &classes, &rules)?;
        Ok(Self {
            title,
            licence,
            aims,
            classes,
            rules,
            unknown_rules,
            default_rule,
            per_rule,
            minimum_agrees: reader.number("rule.consent.minimum-agrees", 1..=10_000, 1)?,
            minimum_blocks: reader.number("rule.consent.minimum-blocks", 1..=10_000, 1)?,
            charter_rule: CharterRule {
                majority: reader.threshold("rule.charter.majority", fraction(2, 3))?,
                assent: reader.threshold("rule.charter.assent", fraction(1, 2))?,
                assent_extended: reader
                    .threshold("rule.charter.assent-extended", fraction(1, 3))?,
            },
            class_block: ClassBlock {
                ballots: reader.fraction("class-block.ballots", fraction(1, 2))?,
                turnout: reader.fraction("class-block.turnout", fraction(1, 3))?,
            },
            minimum_reason_characters: reader.number(
                "block.minimum-reason-characters",
                1..=1_000,
                20,
            )?,
            disagree_allowed: reader.flag("ballot.disagree-allowed", false)?,
            periods: periods(reader)?,
            clock_bound_seconds: reader.number("clock.bound-seconds", 1..=3_600, 60)?,
            gossip_bound_seconds: reader.number("gossip.bound-seconds", 1..=86_400, 180)?,
            recovery_notice_seconds: reader.number(
                RECOVERY_NOTICE,
                1..=PERIOD_SECONDS_MAX,
                RECOVERY_NOTICE_SECONDS,
            )?,
            duty_hours_per_year: reader.number("duty.hours-per-year", 0..=8_784, 40)?,
            referral_fraction: reader.fraction("referral.fraction", fraction(30, 100))?,
            retention_note_days: reader.number("retention.note-days", 0..=36_500, 0)?,
        })
    }
}

fn periods(reader: &mut Reader<'_>) -> Result<Periods, CharterError> {
    let mut seconds = |key: &str, default| reader.number(key, 1..=PERIOD_SECONDS_MAX, default);
    Ok(Periods {
        regular_seconds: seconds("period.regular-seconds", 604_800)?,
        urgent_seconds: seconds("period.urgent-seconds", 259_200)?,
        integration_regular_seconds: seconds("period.integration-regular-seconds", 259_200)?,
        integration_urgent_seconds: seconds("period.integration-urgent-seconds", 86_400)?,
        late_block_extension_seconds: seconds("late-block.extension-seconds", 86_400)?,
        late_block_fraction: reader.fraction("late-block.fraction", fraction(1, 10))?,
        extension_fraction: reader.fraction("extension.fraction", fraction(1, 2))?,
    })
}

fn classes(reader: &mut Reader<'_>) -> Result<Vec<Class>, CharterError> {
    let ids = reader.texts("classes", 1..=CLASSES_MAX, &CLASSES.map(|class| class.0))?;
    let classes = ids
        .iter()
        .map(|id| class(reader, id))
        .collect::<Result<Vec<_>, _>>()?;
    if classes.len() >= 3 {
        // Law and practice of multi-stakeholder co-ops: none decides alone, none hardly counts.
        let outside = |class: &&Class| !(10..=50).contains(&class.strength_percent);
        if let Some(class) = classes.iter().find(outside) {
            let found = class.strength_percent;
            return Err(CharterError::new(
                &format!("class.{}.strength-percent", class.id),
                Problem::ClassStrength { found },
            ));
        }
    }
    let sum = classes.iter().map(|class| class.strength_percent).sum();
    if sum != 100 {
        return Err(CharterError::new("class", Problem::Strengths { sum }));
    }
    Ok(classes)
}

/// The keys that describe the class of that id.
pub(super) fn class_keys(id: &str) -> [String; 3] {
    ["name", "kind", "strength-percent"].map(|field| format!("class.{id}.{field}"))
}

/// A class of the default charter has its values there as defaults; another one is named by its
/// id, of organisations, and without strength.
fn class(reader: &mut Reader<'_>, id: &str) -> Result<Class, CharterError> {
    let parsed: ClassId = id
        .parse()
        .map_err(|_| CharterError::new("classes", Problem::ClassId(id.to_owned())))?;
    let (_, name, kind, strength_percent) = CLASSES
        .into_iter()
        .find(|class| class.0 == id)
        .unwrap_or((id, id, ClassKind::Organisation, 0));
    let [name_key, kind_key, strength_key] = class_keys(id);
    let name = reader.text(&name_key, name)?;
    let word = reader.text(&kind_key, kind.as_str())?;
    let kind = ClassKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| unknown_word(&kind_key, &word, &ClassKind::ALL.map(ClassKind::as_str)))?;
    Ok(Class {
        id: parsed,
        name,
        kind,
        strength_percent: reader.number(&strength_key, 0..=100, strength_percent)?,
    })
}

fn rules(reader: &mut Reader<'_>) -> Result<(Vec<RuleName>, Vec<String>, RuleName), CharterError> {
    let names = RuleName::ALL.map(RuleName::as_str);
    let default = [
        RuleName::ConsentThenVote,
        RuleName::Consent,
        RuleName::OneMemberOneVote,
        RuleName::ClassWeighted,
        RuleName::Charter,
    ]
    .map(RuleName::as_str);
    let listed = reader.texts("rules", 1..=16, &default)?;
    let (mut rules, mut unknown_rules) = (Vec::<RuleName>::new(), Vec::new());
    for name in listed {
        match name.parse() {
            Ok(rule) => rules.push(rule),
            Err(_) => unknown_rules.push(name),
        }
    }
    let Some(first) = rules.first().copied() else {
        return Err(unknown_word("rules", &unknown_rules[0], &names));
    };
    let key = "default-rule";
    let word = reader.text(key, first.as_str())?;
    let default_rule = if unknown_rules.contains(&word) {
        // The charter of a later release: what this one can choose by default is its first rule.
        first
    } else {
        let listed: Vec<_> = rules.iter().map(|rule| rule.as_str()).collect();
        let chosen = rules.iter().copied().find(|rule| rule.as_str() == word);
        chosen.ok_or_else(|| unknown_word(key, &word, &listed))?
    };
    Ok((rules, unknown_rules, default_rule))
}

fn per_rule(
    reader: &mut Reader<'_>,
    classes: &[Class],
    chosen: &[RuleName],
) -> Result<BTreeMap<RuleName, RuleTerms>, CharterError> {
    let mut per_rule = BTreeMap::new();
    for rule in RuleName::ALL {
        let key = format!("rule.{rule}.electorate");
        let eligible = eligible(reader, &key, rule, classes)?;
        if chosen.contains(&rule) && !classes.iter().any(|class| eligible.includes(class)) {
            return Err(CharterError::new(&key, Problem::NoVoters));
        }
        let has_strength = |class: &Class| eligible.includes(class) && class.strength_percent > 0;
        let weighs = matches!(rule, RuleName::ClassWeighted | RuleName::Charter);
        if weighs && chosen.contains(&rule) && !classes.iter().any(has_strength) {
            return Err(CharterError::new(&key, Problem::NoStrength));
        }
        let quorum = reader.threshold(&format!("rule.{rule}.quorum"), fraction(1, 3))?;
        per_rule.insert(rule, RuleTerms { eligible, quorum });
    }
    Ok(per_rule)
}

fn eligible(
    reader: &mut Reader<'_>,
    key: &str,
    rule: RuleName,
    classes: &[Class],
) -> Result<Eligible, CharterError> {
    let default = match rule {
        RuleName::Consent | RuleName::OneMemberOneVote | RuleName::ConsentThenVote => {
            "organisations"
        }
        RuleName::ClassWeighted | RuleName::Charter => "all",
    };
    match reader.word_or_list(key, 1..=CLASSES_MAX, default)? {
        WordOrList::Word(word) => match word.as_str() {
            "organisations" => Ok(Eligible::Organisations),
            "producers" => Ok(Eligible::Producers),
            "all" => Ok(Eligible::All),
            other => {
                let allowed = ["organisations", "producers", "all", "a list of class ids"];
                Err(unknown_word(key, other, &allowed))
            }
        },
        WordOrList::List(ids) => {
            let known: Vec<_> = classes.iter().map(|class| class.id.as_str()).collect();
            ids.iter()
                .map(|id| {
                    let class = classes.iter().find(|class| class.id.as_str() == id);
                    class
                        .map(|class| class.id.clone())
                        .ok_or_else(|| unknown_word(key, id, &known))
                })
                .collect::<Result<_, _>>()
                .map(Eligible::Classes)
        }
    }
}
