//! `snapshots/roles.txt` as it was read in review: what is expected, whatever the functions say that it was made from.

/// One cell: what becomes of it where `who` does something to `whom`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// `outsider` or a role.
    pub who: &'static str,
    /// A role, `other owner` or `self`; in an invitation nobody.
    pub whom: &'static str,
    /// The new role; in a removal none.
    pub role: &'static str,
    /// `yes`, `same`, `no` or `not found`.
    pub says: &'static str,
}

/// The whole file.
pub(super) struct Table {
    pub changes: Vec<Cell>,
    pub removals: Vec<Cell>,
    pub invitations: Vec<Cell>,
}

const FILE: &str = include_str!("../snapshots/roles.txt");

impl Table {
    pub(super) fn read() -> Self {
        let changes = section("make another role", 2, |names, role, says| {
            let [who, whom] = names else { panic!("who and whose: {names:?}") };
            Cell { who, whom, role: role.strip_prefix("to ").unwrap(), says }
        });
        let removals = section("remove somebody", 1, |names, whom, says| Cell { who: names[0], whom, role: "", says });
        let invitations = section("invite somebody", 1, |names, role, says| Cell {
            who: names[0],
            whom: "",
            role: role.strip_prefix("as ").unwrap(),
            says,
        });
        Self { changes, removals, invitations }
    }

    /// Whether `who` may make `role` of `whom`.
    pub(super) fn change(&self, who: &str, whom: &str, role: &str) -> &'static str {
        found(&self.changes, who, whom, role)
    }

    /// Whether `who` may remove `whom`.
    pub(super) fn removal(&self, who: &str, whom: &str) -> &'static str {
        found(&self.removals, who, whom, "")
    }

    /// Whether `who` may invite somebody as `role`.
    pub(super) fn invitation(&self, who: &str, role: &str) -> &'static str {
        found(&self.invitations, who, "", role)
    }
}

/// The cells below that title; the first `names` columns say of whom they are.
fn section(title: &str, names: usize, cell: fn(&[&'static str], &'static str, &'static str) -> Cell) -> Vec<Cell> {
    let mut lines = FILE.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    let head = columns(lines.next().unwrap());
    let rows = lines.take_while(|line| !line.is_empty()).map(columns);
    let cells = rows.flat_map(|row| {
        assert_eq!(row.len(), head.len(), "{row:?}");
        let below = head.iter().zip(&row).skip(names);
        below.map(|(head, says)| cell(&row[..names], head, says)).collect::<Vec<_>>()
    });
    cells.collect()
}

fn columns(line: &'static str) -> Vec<&'static str> {
    line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect()
}

fn found(cells: &[Cell], who: &str, whom: &str, role: &str) -> &'static str {
    let cell = cells.iter().find(|cell| (cell.who, cell.whom, cell.role) == (who, whom, role));
    cell.unwrap_or_else(|| panic!("no cell for {who}, {whom}, {role}")).says
}
