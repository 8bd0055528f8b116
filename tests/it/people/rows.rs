//! Everything that is kept about people, as lines: two equal sets mean that nothing changed.

use std::collections::BTreeSet;

use guildhall_tests::World;

/// Of organizations and accounts whose name is like `$1`.
const LINES: &str = "
select 'organization ' || o.slug || case when o.deleted_at is null then '' else ' deleted' end
  from organizations o where o.name like $1
union all
select 'place ' || o.slug || ' ' || u.email || ' ' || m.role
  from organizations o join members m on m.organization_id = o.id join users u on u.id = m.user_id where o.name like $1
union all
select 'invitation ' || o.slug || ' ' || i.email || ' ' || i.role || ' ' || i.status || ' until ' || i.expires_at
    || ' by ' || coalesce(u.email, '-')
  from organizations o join invitations i on i.organization_id = o.id left join users u on u.id = i.inviter_id
  where o.name like $1
union all
select distinct 'account ' || u.email || ' begins in ' || coalesce(d.slug, '-') || ' works in ' || coalesce(a.slug, '-')
  from users u left join organizations d on d.id = u.default_organization_id
  left join sessions s on s.user_id = u.id left join organizations a on a.id = s.active_organization_id
  where u.name like $1";
const LAST: &str = "select name from events where name <> $1 order by id desc limit 1";

/// What is kept about people where the organization's name, or the account's, is like `name`.
pub(super) async fn kept(world: &World, name: &str) -> BTreeSet<String> {
    let mut lines = world.lines(LINES, name).await;
    let last = world.lines(LAST, "").await;
    lines.push(format!("events {} {}", world.changes().await, last.concat()));
    let (count, kept) = (lines.len(), lines.into_iter().collect::<BTreeSet<_>>());
    assert_eq!(kept.len(), count, "a line comes twice: {kept:#?}");
    kept
}
