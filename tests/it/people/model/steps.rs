//! The steps of a sequence, and how one is drawn: mostly what makes sense, now and then what does not.

use super::state::{Model, Place};

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Time passes.
    Wait { hours: i64 },
    /// An account is made for an address that has none.
    SignUp { address: usize, verified: bool },
    /// The installation's administrator puts a deleted organization back.
    Restore { organization: usize, owner: Option<usize> },
    /// An account does something, in the organization it names or else in its active one.
    Call { actor: usize, at: Option<usize>, act: Act },
}

impl Step {
    /// The account that does it.
    pub(super) fn actor(&self) -> Option<usize> {
        if let Self::Call { actor, .. } = self { Some(*actor) } else { None }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Create { taken: Option<usize> },
    Switch { to: Option<usize> },
    DeleteAccount { rightly: bool },
    Invite { address: usize, role: &'static str },
    Add { account: usize, role: &'static str },
    Resend { invitation: usize },
    Revoke { invitation: usize },
    Accept { invitation: usize, proof: Proof },
    Decline { invitation: usize, proof: Proof },
    Change { place: usize, role: &'static str },
    Remove { place: usize },
    Leave,
    Transfer { place: usize },
    DeleteOrganization { confirmed: bool },
}

/// What opens an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Id,
    Token,
    /// The token of a letter that another followed.
    OldToken,
}

/// As many addresses as take part in a sequence.
pub(super) const ADDRESSES: usize = 6;
/// Accounts at the beginning.
const FIRST: usize = 3;

/// Chance that comes again with the same seed: SplitMix64.
pub(super) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of those below `end` that are `fitting`, or any where none is.
    fn among(&mut self, end: usize, fitting: impl Fn(usize) -> bool) -> usize {
        let all: Vec<usize> = (0..end).filter(|one| fitting(*one)).collect();
        if all.is_empty() { self.below(end) } else { all[self.below(all.len())] }
    }
}

/// The next step.
pub(super) fn draw(dice: &mut Dice, model: &Model) -> Step {
    let has_account = |address| model.accounts.iter().any(|it| it.living && it.address == address);
    let free = (0..ADDRESSES).any(|address| !has_account(address));
    if model.accounts.len() < FIRST || free && dice.percent(4) {
        let address = dice.among(ADDRESSES, |address| !has_account(address));
        return Step::SignUp { address, verified: dice.percent(85) };
    }
    if dice.percent(3) {
        return Step::Wait { hours: [1, 47, 49][dice.below(3)] };
    }
    if dice.percent(2) {
        let organization = dice.among(model.organizations.len(), |it| !model.organizations[it].living);
        let owner = dice.percent(50).then(|| dice.below(ADDRESSES));
        return Step::Restore { organization, owner };
    }
    if !model.invitations.is_empty() && dice.percent(20) {
        return answer(dice, model);
    }
    let (gone, odd) = (dice.percent(2), dice.percent(12));
    let is_team = |at: usize| model.organizations[at].living && !model.organizations[at].is_home;
    let at = dice.among(model.organizations.len(), |at| odd || is_team(at));
    let fits = |it: usize| model.accounts[it].living != gone && (gone || odd || model.place_of(at, it).is_some());
    let actor = dice.among(model.accounts.len(), fits);
    if !is_team(at) && dice.percent(40) {
        return Step::Call { actor, at: None, act: Act::Create { taken: None } };
    }
    Step::Call { actor, at: dice.percent(85).then_some(at), act: act(dice, model, at) }
}

/// Somebody answers an invitation, mostly the one who was asked, and while it stands.
fn answer(dice: &mut Dice, model: &Model) -> Step {
    let any = dice.percent(15);
    let invitation = dice.among(model.invitations.len(), |it| any || model.stands(it));
    let address = model.invitations[invitation].address;
    let other = dice.percent(10);
    let asked = |it: usize| model.accounts[it].living && (other || model.accounts[it].address == address);
    let actor = dice.among(model.accounts.len(), asked);
    let proof = match dice.below(10) {
        0..=4 => Proof::Id,
        5 | 6 if model.invitations[invitation].letters > 1 => Proof::OldToken,
        _ => Proof::Token,
    };
    let (accept, decline) = (Act::Accept { invitation, proof }, Act::Decline { invitation, proof });
    Step::Call { actor, at: None, act: if dice.percent(75) { accept } else { decline } }
}

/// What somebody does, mostly with what there is in `at`.
fn act(dice: &mut Dice, model: &Model, at: usize) -> Act {
    let role = ["viewer", "member", "admin", "owner"][dice.below(4)];
    let elsewhere = dice.percent(8);
    let here = |it: &Place| elsewhere || it.living && it.organization == at;
    let place = dice.among(model.places.len(), |it| here(&model.places[it]));
    let address = dice.below(ADDRESSES);
    match dice.below(100) {
        0..10 => {
            let taken = dice.percent(10).then(|| dice.below(model.organizations.len()));
            Act::Create { taken }
        }
        10..18 => {
            let to = dice.percent(70).then_some(at);
            Act::Switch { to }
        }
        18..21 => Act::DeleteAccount { rightly: dice.percent(80) },
        21..42 => Act::Invite { address, role },
        42..54 => {
            let account = dice.among(model.accounts.len(), |it| model.accounts[it].living || elsewhere);
            Act::Add { account, role }
        }
        54..66 if !model.invitations.is_empty() => {
            let here =
                |it: usize| model.invitations[it].organization == at && model.invitations[it].status == "pending";
            let invitation = dice.among(model.invitations.len(), |it| elsewhere || here(it));
            if dice.percent(60) { Act::Resend { invitation } } else { Act::Revoke { invitation } }
        }
        54..80 => Act::Change { place, role },
        80..88 => Act::Remove { place },
        88..93 => Act::Leave,
        93..97 => Act::Transfer { place },
        _ => Act::DeleteOrganization { confirmed: dice.percent(90) },
    }
}
