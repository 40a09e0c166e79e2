//! How many processors this process may really use: affinity, control groups, `LOKY_MAX_CPU_COUNT`.
//!
//! The standard library rounds a control group's quota down, and a task of a quarter processor still needs one; so the
//! quota is read here, and rounded up.
//!
//! The arithmetic is a function from texts to a number; only [`cpu_count`] and [`physical_cpu_count`] read files.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Returns the number of processors that this process may use: the minimum of its CPU affinity, the quota of its control
/// group (v1 or v2) and the groups above it, rounded up to whole processors, and `LOKY_MAX_CPU_COUNT` if that is set. At
/// least 1. A change of the quota is noticed within a second.
///
/// ```
/// assert!(joblib_parallel::cpu_count() >= 1);
/// ```
pub fn cpu_count() -> usize {
    let requested = std::env::var("LOKY_MAX_CPU_COUNT").ok().and_then(|text| text.trim().parse().ok());
    [Some(bound_to()), QUOTA.get(), requested].into_iter().flatten().min().unwrap_or(1).max(1)
}

/// Like [`cpu_count`], counting physical cores and not the hardware threads of each.
///
/// If the system does not distinguish them, the result is that of [`cpu_count`].
///
/// ```
/// assert!(joblib_parallel::physical_cpu_count() <= joblib_parallel::cpu_count());
/// ```
pub fn physical_cpu_count() -> usize {
    let logical = cpu_count();
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| physical_cores(&text))
        .map_or(logical, |n| n.min(logical))
}

/// The processors that this thread may run on.
#[cfg(target_os = "linux")]
fn bound_to() -> usize {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    // More processors than the set has room for are an error; the standard library counts those.
    let set = sched_getaffinity(Pid::from_raw(0));
    let bound = set.map(|set| (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu) == Ok(true)).count());
    bound.unwrap_or_else(|_| std::thread::available_parallelism().map_or(1, Into::into))
}

#[cfg(not(target_os = "linux"))]
fn bound_to() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// The quota, as it was a moment ago: to read it takes several files, which is longer than a small parallel call.
struct CachedQuota {
    /// Milliseconds since some start, in the upper half, and the quota, 0 for none, in the lower.
    when_and_quota: AtomicU64,
}

static QUOTA: CachedQuota = CachedQuota { when_and_quota: AtomicU64::new(0) };

impl CachedQuota {
    /// How long a quota is believed.
    const MILLISECONDS: u64 = 1000;

    fn get(&self) -> Option<usize> {
        static START: OnceLock<Instant> = OnceLock::new();
        // Never 0, which stands for never.
        let now = START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1;
        let known = self.when_and_quota.load(Ordering::Relaxed);
        let (when, quota) = (known >> 32, known & u64::from(u32::MAX));
        if when != 0 && now.saturating_sub(when) < Self::MILLISECONDS {
            return (quota > 0).then_some(quota as usize);
        }
        let quota = fs::read_to_string("/proc/self/cgroup")
            .ok()
            .and_then(|text| quota_of(&text, Path::new("/sys/fs/cgroup")));
        let stored = quota.map_or(0, |quota| quota as u64 & u64::from(u32::MAX));
        self.when_and_quota.store((now << 32) | stored, Ordering::Relaxed);
        quota
    }
}

/// The least processor quota of the groups named in `/proc/self/cgroup`, rounded up to whole processors.
fn quota_of(groups: &str, root: &Path) -> Option<usize> {
    groups
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            let path = path.trim_start_matches('/');
            if controllers.is_empty() {
                least(root, path, |group| v2_quota(&fs::read_to_string(group.join("cpu.max")).ok()?))
            } else if controllers.split(',').any(|c| c == "cpu") {
                // A container sees its own group at the root, whatever its path outside.
                let read = |group: PathBuf| {
                    v1_quota(
                        &fs::read_to_string(group.join("cpu.cfs_quota_us")).ok()?,
                        &fs::read_to_string(group.join("cpu.cfs_period_us")).ok()?,
                    )
                };
                [root.join(controllers), root.join("cpu")]
                    .iter()
                    .filter_map(|root| least(root, path, read))
                    .min()
            } else {
                None
            }
        })
        .min()
}

/// The least quota of the group at `path` and all those above it.
fn least(root: &Path, path: &str, read: impl Fn(PathBuf) -> Option<usize>) -> Option<usize> {
    Path::new(path).ancestors().filter_map(|group| read(root.join(group))).min()
}

/// `cpu.max` of control groups v2: `max 100000` or `150000 100000`.
fn v2_quota(text: &str) -> Option<usize> {
    let (quota, period) = text.trim().split_once(' ')?;
    processors(quota.parse().ok()?, period.parse().ok()?)
}

/// `cpu.cfs_quota_us` (−1 for none) and `cpu.cfs_period_us` of control groups v1.
fn v1_quota(quota: &str, period: &str) -> Option<usize> {
    processors(quota.trim().parse().ok()?, period.trim().parse().ok()?)
}

fn processors(quota: i64, period: i64) -> Option<usize> {
    (quota > 0 && period > 0).then(|| ((quota + period - 1) / period).max(1) as usize)
}

/// The number of different cores in the text of `/proc/cpuinfo`.
fn physical_cores(cpuinfo: &str) -> Option<usize> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let cores: HashSet<_> = cpuinfo
        .split("\n\n")
        .filter_map(|block| Some((field(block, "physical id")?, field(block, "core id")?)))
        .collect();
    (!cores.is_empty()).then_some(cores.len())
}

#[cfg(test)]
mod tests {
    use super::{physical_cores, v1_quota, v2_quota};

    #[test]
    fn quotas_of_both_versions_are_rounded_up_to_whole_processors() {
        assert_eq!(v2_quota("max 100000\n"), None);
        assert_eq!(v2_quota("150000 100000\n"), Some(2));
        assert_eq!(v2_quota("10000 100000\n"), Some(1));
        assert_eq!(v1_quota("-1\n", "100000\n"), None);
        assert_eq!(v1_quota("400000\n", "100000\n"), Some(4));
        assert_eq!(v2_quota("garbage"), None);
    }

    #[test]
    fn hardware_threads_of_one_core_count_once() {
        let block = |processor, core| format!("processor : {processor}\nphysical id : 0\ncore id : {core}\n");
        let text = [block(0, 0), block(1, 0), block(2, 1), block(3, 1)].join("\n");
        assert_eq!(physical_cores(&text), Some(2));
        assert_eq!(physical_cores("processor : 0\n"), None);
    }
}
