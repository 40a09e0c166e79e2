//! The executable that this process runs, as the loader placed it in memory.
//!
//! The system's list of loaded objects begins with the executable, however it was started: also where the dynamic loader
//! was run with the program as its argument, and where `/proc` is not mounted.

use std::ops::Range;
use std::sync::OnceLock;

/// The executable in memory.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// All of its segments.
    pub(crate) loaded: Range<usize>,
    /// Those with code.
    pub(crate) code: Range<usize>,
    /// Its table of segments, as it stands in the file too; empty where that is not known.
    pub(crate) headers: &'static [u8],
    /// The bytes of segments that nobody writes to, which are as they are in the file; empty where they are not known.
    pub(crate) constant: Vec<&'static [u8]>,
    /// The functions that are called before `main`, in that order; empty where that is not known.
    pub(crate) constructors: Range<usize>,
}

/// The executable of this process.
pub(crate) fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(find)
}

#[cfg(target_os = "linux")]
fn find() -> Image {
    use std::ffi::{c_int, c_void};

    extern "C" fn first(info: *mut libc::dl_phdr_info, _size: libc::size_t, image: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid description, and `image` is the pointer given to dl_iterate_phdr below.
        let (info, image) = unsafe { (&*info, &mut *image.cast::<Image>()) };
        // SAFETY: it describes an object that is loaded.
        *image = unsafe { elf::read(info) };
        // No need for the other objects.
        1
    }

    let mut image = Image::default();
    // SAFETY: the callback matches the declared type and `image` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut image).cast()) };
    image
}

/// Elsewhere the whole address space is taken for the executable.
#[cfg(not(target_os = "linux"))]
fn find() -> Image {
    Image { loaded: 0..usize::MAX, code: 0..usize::MAX, ..Image::default() }
}

#[cfg(target_os = "linux")]
mod elf {
    use std::ops::Range;

    use super::Image;

    #[cfg(target_pointer_width = "64")]
    type Header = libc::Elf64_Phdr;
    #[cfg(target_pointer_width = "32")]
    type Header = libc::Elf32_Phdr;

    /// An entry of the dynamic section.
    #[repr(C)]
    struct Dynamic {
        tag: isize,
        value: usize,
    }

    const DT_NULL: isize = 0;
    const DT_INIT_ARRAY: isize = 25;
    const DT_INIT_ARRAYSZ: isize = 27;

    /// # Safety
    ///
    /// `info` describes an object that is, and stays, loaded.
    pub(super) unsafe fn read(info: &libc::dl_phdr_info) -> Image {
        let count = usize::from(info.dlpi_phnum);
        // SAFETY: there are that many headers, and they stay where they are.
        let headers: &'static [Header] = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, count) };
        // SAFETY: headers are numbers without padding.
        let bytes = unsafe { std::slice::from_raw_parts(info.dlpi_phdr.cast(), size_of_val(headers)) };
        let mut image = Image { headers: bytes, ..Image::default() };
        let base = info.dlpi_addr as usize;
        for header in headers {
            let start = base.wrapping_add(header.p_vaddr as usize);
            match header.p_type {
                libc::PT_LOAD => {
                    let range = start..start + header.p_memsz as usize;
                    if header.p_flags & libc::PF_X != 0 {
                        extend(&mut image.code, &range);
                    }
                    extend(&mut image.loaded, &range);
                    if header.p_flags & (libc::PF_R | libc::PF_W) == libc::PF_R {
                        let len = header.p_filesz as usize;
                        // SAFETY: the segment is loaded and readable, and not writable.
                        image.constant.push(unsafe { std::slice::from_raw_parts(start as *const u8, len) });
                    }
                }
                libc::PT_DYNAMIC => {
                    // SAFETY: the section is loaded, and ends with an entry that says so.
                    image.constructors = unsafe { constructors(start as *const Dynamic, base) };
                }
                _ => {}
            }
        }
        image
    }

    fn extend(range: &mut Range<usize>, by: &Range<usize>) {
        *range = if range.start == range.end {
            by.clone()
        } else {
            range.start.min(by.start)..range.end.max(by.end)
        };
    }

    /// # Safety
    ///
    /// `entry` is the first of a dynamic section.
    unsafe fn constructors(mut entry: *const Dynamic, base: usize) -> Range<usize> {
        let (mut start, mut len) = (0, 0);
        loop {
            // SAFETY: the section goes on until an entry DT_NULL.
            let Dynamic { tag, value } = unsafe { entry.read() };
            match tag {
                DT_NULL => return start..start + len,
                DT_INIT_ARRAY => start = base.wrapping_add(value),
                DT_INIT_ARRAYSZ => len = value,
                _ => {}
            }
            // SAFETY: as above.
            entry = unsafe { entry.add(1) };
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::image;

    #[test]
    fn the_parts_of_this_program_are_where_it_is_loaded() {
        static DATA: u8 = 1;
        static VARIABLE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(1);
        let image = image();
        assert!(image.code.contains(&(super::find as fn() -> super::Image as usize)));
        assert!(!image.code.contains(&((&raw const DATA) as usize)));
        assert!(image.loaded.contains(&((&raw const DATA) as usize)));
        let constant = image.constant.iter().map(|bytes| bytes.as_ptr_range());
        let code = super::find as fn() -> super::Image as usize as *const u8;
        assert!(constant.clone().any(|range| range.contains(&code)));
        let variable = (&raw const VARIABLE).cast::<u8>();
        assert!(!constant.clone().any(|range| range.contains(&variable)));
        assert!(!image.constructors.is_empty() && image.loaded.contains(&image.constructors.start));
        let file = std::fs::read("/proc/self/exe").unwrap();
        assert!(file.windows(image.headers.len()).any(|bytes| bytes == image.headers));
    }
}
