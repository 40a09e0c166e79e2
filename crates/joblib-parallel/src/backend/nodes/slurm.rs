//! What Slurm says of an allocation in the environment: names of its nodes, and their processors.

/// The names that a list such as `gpu[01-03,7],login` stands for; `None` if it is malformed.
pub(super) fn node_names(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let end = end_of_item(rest)?;
        expand(&rest[..end], &mut names)?;
        rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
    }
    Some(names)
}

/// Where the first item ends: at a comma outside of brackets.
fn end_of_item(list: &str) -> Option<usize> {
    let mut inside = false;
    for (position, character) in list.char_indices() {
        match character {
            '[' if inside => return None,
            '[' => inside = true,
            ']' if !inside => return None,
            ']' => inside = false,
            ',' if !inside => return Some(position),
            _ => {}
        }
    }
    (!inside).then_some(list.len())
}

fn expand(item: &str, names: &mut Vec<String>) -> Option<()> {
    let Some((prefix, rest)) = item.split_once('[') else {
        if item.is_empty() {
            return None;
        }
        names.push(item.to_owned());
        return Some(());
    };
    let (ranges, suffix) = rest.split_once(']')?;
    for range in ranges.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let width = first.len();
        let (from, to): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        if to < from || to - from > 1_000_000 {
            return None;
        }
        for number in from..=to {
            // A name may have several groups of numbers.
            expand(&format!("{prefix}{number:0width$}{suffix}"), names)?;
        }
    }
    Some(())
}

/// The processors that a list such as `16(x2),8` stands for; `None` if it is malformed.
pub(super) fn cpus_per_node(list: &str) -> Option<Vec<usize>> {
    let mut cpus = Vec::new();
    for item in list.trim().split(',') {
        let (number, times) = match item.split_once("(x") {
            Some((number, times)) => (number, times.strip_suffix(')')?.parse().ok()?),
            None => (item, 1),
        };
        let number: usize = number.parse().ok()?;
        cpus.extend(std::iter::repeat_n(number, times));
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::{cpus_per_node, node_names};

    #[test]
    fn lists_of_nodes_are_names() {
        let names = |list| node_names(list).unwrap().join(" ");
        assert_eq!(names("login"), "login");
        assert_eq!(names("a,b-1"), "a b-1");
        assert_eq!(names("gpu[01-03,7],login"), "gpu01 gpu02 gpu03 gpu7 login");
        assert_eq!(names("r[1-2]n[08-09]"), "r1n08 r1n09 r2n08 r2n09");
        for malformed in ["a[1", "a]1", "a[[1]]", "a[x]", "a[3-1]", ",a"] {
            assert_eq!(node_names(malformed), None, "{malformed}");
        }
        assert_eq!(names(""), "");
    }

    #[test]
    fn lists_of_processors_are_numbers() {
        assert_eq!(cpus_per_node("16(x2),8").unwrap(), [16, 16, 8]);
        assert_eq!(cpus_per_node("4").unwrap(), [4]);
        for malformed in ["", "x", "4(x", "4(x2", "4(xy)"] {
            assert_eq!(cpus_per_node(malformed), None, "{malformed}");
        }
    }
}
