//! The compiled form of a crate, without what differs from one making to the next.

use crate::hash::Digester;

/// Adds what a library of Rust holds: of an archive the contents of its members, whose names an incremental compiler makes
/// anew each time.
pub(crate) fn add(content: &[u8], digester: &mut Digester) {
    let Some(members) = members(content) else { return digester.bytes(content) };
    let digest_of = |member: &[u8]| {
        let mut digester = Digester::default();
        digester.bytes(member);
        digester.finish()
    };
    let mut digests: Vec<u128> = members.into_iter().map(digest_of).collect();
    digests.sort_unstable();
    for digest in digests {
        digester.number(digest);
    }
}

/// The members of an archive but for its tables. `None` if it is no archive, or not as ar(5) says.
fn members(content: &[u8]) -> Option<Vec<&[u8]>> {
    const HEADER: usize = 60;
    let mut rest = content.strip_prefix(b"!<arch>\n")?;
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_at_checked(HEADER)?;
        let name = str::from_utf8(&header[..16]).ok()?.trim_end();
        let size: usize = str::from_utf8(&header[48..58]).ok()?.trim_end().parse().ok()?;
        let (member, after) = after.split_at_checked(size)?;
        // Members begin at even places.
        rest = after.get(size % 2..).unwrap_or_default();
        match (name, name.strip_prefix("#1/")) {
            ("/" | "//" | "/SYM64/", _) => {}
            // The name stands before the content.
            (_, Some(length)) => members.push(member.get(length.parse().ok()?..)?),
            _ => members.push(member),
        }
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let member = |(name, content): &(&str, &str)| {
            let end = if content.len() % 2 == 1 { "\n" } else { "" };
            format!("{name:<16}{:<32}{:<10}`\n{content}{end}", 0, content.len())
        };
        ["!<arch>\n".to_owned()]
            .into_iter()
            .chain(members.iter().map(member))
            .collect::<String>()
            .into_bytes()
    }

    fn digest(content: &[u8]) -> u128 {
        let mut digester = Digester::default();
        add(content, &mut digester);
        digester.finish()
    }

    #[test]
    fn the_names_of_members_and_tables_of_them_do_not_count() {
        let one = archive(&[("/", "table"), ("//", "a.1.o b.1.o"), ("/0", "abc"), ("/6", "de")]);
        let again = archive(&[("/", "other"), ("//", "b.2.o a.2.o"), ("/0", "de"), ("/6", "abc")]);
        let edited = archive(&[("/", "table"), ("//", "a.1.o b.1.o"), ("/0", "abd"), ("/6", "de")]);
        assert_eq!(members(&one).unwrap(), [&b"abc"[..], b"de"]);
        assert_eq!(digest(&one), digest(&again));
        assert_ne!(digest(&one), digest(&edited));
        assert_eq!(digest(&archive(&[("#1/5", "name1abc")])), digest(&archive(&[("#1/3", "n_2abc")])));
    }

    #[test]
    fn what_is_no_archive_counts_as_it_is() {
        for content in [&b"rust"[..], b"", b"!<arch>\nshort", &archive(&[("a", "bc")])[..69]] {
            assert_eq!(members(content), None);
        }
        assert_ne!(digest(b"rust"), digest(b"rusty"));
    }
}
