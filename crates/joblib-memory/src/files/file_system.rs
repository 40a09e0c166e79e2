//! File systems whose files can have the numbers and times of others.

use std::path::Path;

use super::stamp::Stamp;

/// Whether no other file ever has this stamp of what is at a path.
///
/// In an image that is mounted, files have the times of its making, in whole seconds and often all the same, and in the next
/// image other files have their numbers. The same holds for files that a program serves, such as those of a bucket.
pub(super) fn is_of_one_file(path: &Path, stamp: &Stamp) -> bool {
    const SECOND: i128 = 1_000_000_000;
    stamp.changed % SECOND != 0 || !is_image_or_served(path)
}

#[cfg(target_os = "linux")]
fn is_image_or_served(path: &Path) -> bool {
    /// cramfs, erofs, FUSE, ISO 9660, overlays of any of these, romfs and squashfs, as statfs(2) names them.
    const TYPES: [u32; 7] = [0x28cd_3d45, 0xe0f5_e1e2, 0x6573_5546, 0x9660, 0x794c_7630, 0x7275, 0x7371_7368];
    // The numbers have 32 bits, whatever the system has them in.
    let found = nix::sys::statfs::statfs(path).map(|found| found.filesystem_type().0 as u32);
    found.is_ok_and(|found| TYPES.contains(&found))
}

#[cfg(not(target_os = "linux"))]
fn is_image_or_served(_: &Path) -> bool {
    false
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_disk_is_known_by_its_stamp_also_in_whole_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let of = |changed| Stamp { device: 1, inode: 2, size: 3, modified: changed, changed };
        assert!(is_of_one_file(folder.path(), &of(1_000_000_001)));
        assert_eq!(is_of_one_file(folder.path(), &of(1_000_000_000)), !is_image_or_served(folder.path()));
        // Of what is not there nothing is said.
        assert!(!is_image_or_served(&folder.path().join("missing")));
    }
}
