//! How many of a call's workers each host gets: a pure function of numbers.

/// Divides `n_jobs` workers among hosts with so many processors, in proportion.
pub(crate) fn spread(n_jobs: usize, cpus: &[usize]) -> Vec<usize> {
    let mut slots = vec![0; cpus.len()];
    for _ in 0..n_jobs {
        // The one that would have the fewest for each processor; of equals the first.
        let load = |place: &usize| (slots[*place] + 1) as f64 / cpus[*place].max(1) as f64;
        let Some(next) = (0..cpus.len()).min_by(|a, b| load(a).total_cmp(&load(b))) else { break };
        slots[next] += 1;
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn hosts_get_their_share_of_the_workers() {
        assert_eq!(spread(12, &[8, 4]), [8, 4]);
        assert_eq!(spread(6, &[8, 4]), [4, 2]);
        assert_eq!(spread(24, &[8, 4]), [16, 8]);
        assert_eq!(spread(3, &[2, 2]), [2, 1]);
        assert_eq!(spread(1, &[1, 1, 1]), [1, 0, 0]);
        assert_eq!(spread(2, &[0, 1]).iter().sum::<usize>(), 2);
        assert_eq!(spread(2, &[]), [0; 0]);
    }
}
