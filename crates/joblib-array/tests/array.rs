//! What an array promises, through its public interface.

use std::io::{Read, Seek, SeekFrom, Write};

use joblib_array::slice::Complex;
use joblib_array::transfer::OwnedRawArray;
use joblib_array::{Array, Buffer, DType, Element, MmapMode, Order, ShapeError};

fn file_of(elements: &[f64]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    for element in elements {
        file.write_all(&element.to_le_bytes()).unwrap();
    }
    file
}

fn mapped(file: &std::fs::File, len: usize, mode: MmapMode) -> Array<f64> {
    Array::from_buffer(Buffer::map(file, 0, len * 8, mode).unwrap(), vec![len], Order::C).unwrap()
}

fn contents(file: &mut std::fs::File) -> Vec<f64> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
}

#[test]
fn a_main_that_returns_the_error_of_a_text_that_is_no_mmap_mode_prints_its_message() {
    let error = "rw".parse::<MmapMode>().unwrap_err();
    assert_eq!(format!("{error:?}"), format!("ParseMmapModeError({error})"));
}

#[test]
fn a_shape_that_does_not_hold_the_elements_is_an_error_that_names_both() {
    let error = Array::from_vec(vec![1.0; 5], &[2, 3]).unwrap_err();
    assert_eq!(error, ShapeError::Length { shape: vec![2, 3], expected: 6, found: 5 });
    assert_eq!(error.to_string(), "shape [2, 3] needs 6 elements, but 5 were given");
}

#[test]
fn a_shape_whose_bytes_overflow_is_an_error_and_an_empty_dimension_is_not() {
    assert!(matches!(Array::<f64>::from_vec(vec![], &[usize::MAX, 2]), Err(ShapeError::TooLarge { .. })));
    assert!(Array::<f64>::from_vec(vec![], &[usize::MAX, 0, usize::MAX]).unwrap().is_empty());
}

#[test]
fn an_array_without_dimensions_holds_one_element() {
    let a = Array::from_vec(vec![7_u8], &[]).unwrap();
    assert_eq!((a.ndim(), a.len(), a[[]]), (0, 1, 7));
}

#[test]
fn allocated_memory_starts_at_a_64_byte_boundary_whatever_its_size() {
    for len in [0, 1, 100, 600_000] {
        assert_eq!(Array::<f64>::zeros(&[len]).as_slice().as_ptr() as usize % 64, 0);
    }
}

#[test]
fn from_vec_keeps_the_memory_of_the_vec() {
    let elements = vec![1_i32, 2, 3];
    let pointer = elements.as_ptr();
    assert_eq!(Array::from(elements).as_slice().as_ptr(), pointer);
}

#[test]
fn clones_share_memory_until_one_writes() {
    let mut a = Array::from_vec(vec![1, 2, 3], &[3]).unwrap();
    let b = a.clone();
    assert_eq!(a.as_slice().as_ptr(), b.as_slice().as_ptr());
    assert!(a.as_mut_slice().unwrap_err().to_string().contains("make_mut"));
    a.make_mut()[0] = 10;
    assert_eq!((a[[0]], b[[0]]), (10, 1));
}

#[test]
fn a_fortran_array_equals_the_c_array_with_the_same_elements() {
    let c = Array::from_vec(vec![1, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    let buffer = Buffer::adopt(vec![1, 4, 2, 5, 3, 6]);
    let f = Array::<i32>::from_buffer(buffer, vec![2, 3], Order::F).unwrap();
    assert_eq!(f, c);
    assert_eq!(f[[1, 2]], 6);
    assert_eq!(f.to_vec(), c.to_vec());
    assert_eq!(f.to_c_order().row(1), [4, 5, 6]);
    assert_eq!(f.clone().reshape(&[3, 2]).unwrap(), c.reshape(&[3, 2]).unwrap());
}

#[test]
fn writes_through_r_plus_reach_the_file_and_through_c_stay_in_memory() {
    let mut file = file_of(&[1.0, 2.0, 3.0]);
    let mut shared = mapped(&file, 3, MmapMode::ReadWrite);
    let mut private = mapped(&file, 3, MmapMode::CopyOnWrite);
    private[[0]] = -1.0;
    shared[[1]] = 20.0;
    shared.flush().unwrap();
    assert_eq!(private.as_slice(), [-1.0, 2.0, 3.0]);
    assert_eq!(contents(&mut file), [1.0, 20.0, 3.0]);
}

#[test]
fn writing_through_r_is_an_error_that_names_the_modes_to_use() {
    let file = file_of(&[1.0]);
    let error = mapped(&file, 1, MmapMode::Read).as_mut_slice().unwrap_err().to_string();
    assert!(error.contains("\"r+\"") && error.contains("\"c\""), "{error}");
}

#[test]
fn the_clone_of_an_r_plus_array_does_not_write_to_the_file() {
    let mut file = file_of(&[1.0]);
    let mut clone = mapped(&file, 1, MmapMode::ReadWrite).clone();
    clone.make_mut()[0] = 9.0;
    assert_eq!(contents(&mut file), [1.0]);
}

#[test]
fn mapping_past_the_end_of_the_file_is_an_error() {
    let file = file_of(&[1.0]);
    let error = Buffer::map(&file, 4, 8, MmapMode::Read).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(Buffer::map(&file, u64::MAX, 8, MmapMode::Read).is_err());
}

#[test]
fn an_empty_range_maps_to_an_empty_buffer() {
    let file = file_of(&[]);
    assert!(Buffer::map(&file, 0, 0, MmapMode::Read).unwrap().is_empty());
}

#[test]
fn bytes_other_than_0_and_1_are_not_booleans() {
    let buffer = Buffer::copy_of(&[0, 1, 2]);
    let error = Array::<bool>::from_buffer(buffer, vec![3], Order::C).unwrap_err();
    assert_eq!(error, ShapeError::NotBool { index: 2, found: 2 });
}

#[test]
fn every_binary_and_readable_format_round_trips_arrays() {
    let a = Array::from_vec(vec![1.5, -0.0, f64::INFINITY, 4.0], &[2, 2]).unwrap();
    let bytes = rmp_serde::to_vec(&a).unwrap();
    assert_eq!(rmp_serde::from_slice::<Array<f64>>(&bytes).unwrap(), a);

    let a = Array::from_vec(vec![1_u16, 2], &[2, 1]).unwrap();
    let text = serde_json::to_string(&a).unwrap();
    assert_eq!(text, r#"{"dtype":"uint16","shape":[2,1],"data":[1,2]}"#);
    assert_eq!(serde_json::from_str::<Array<u16>>(&text).unwrap(), a);
    assert_eq!(serde_json::from_str::<Array<u16>>("[1, 2]").unwrap().shape(), [2]);
}

#[test]
fn another_element_type_than_the_one_asked_for_is_an_error_that_names_both() {
    let bytes = rmp_serde::to_vec(&Array::<f32>::zeros(&[2])).unwrap();
    let error = rmp_serde::from_slice::<Array<f64>>(&bytes).unwrap_err().to_string();
    assert!(error.contains("float64") && error.contains("float32"), "{error}");
}

#[test]
fn every_dtype_is_found_under_its_name() {
    for dtype in DType::ALL {
        assert_eq!(dtype.name().parse(), Ok(dtype));
    }
    assert!("object".parse::<DType>().is_err());
}

#[test]
#[should_panic(expected = "index [2, 0] is outside of an array of shape [2, 2]")]
fn indexing_outside_of_the_shape_panics_with_both() {
    let _ = Array::<f64>::zeros(&[2, 2])[[2, 0]];
}

#[test]
fn a_buffer_of_zeros_is_of_zeros_although_memory_of_freed_buffers_is_used_again() {
    const LEN: usize = 5 << 20;
    for _ in 0..3 {
        let mut used = Buffer::for_overwriting(LEN).unwrap();
        used.as_mut_bytes().unwrap().fill(7);
        drop(used);
        assert!(Buffer::zeroed(LEN).unwrap().as_bytes().iter().all(|&byte| byte == 0));
        let copy = Buffer::copy_of(&vec![3; LEN]);
        assert!(copy.as_bytes().iter().all(|&byte| byte == 3));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_kernel_no_longer_frees_pages_of_a_buffer_that_is_used_again() {
    // In a process without other buffers: the kernel tells of all that are side by side in memory.
    let program = std::env::current_exe().unwrap();
    let alone = ["--exact", "a_buffer_is_used_again", "--ignored"];
    let status = std::process::Command::new(program).args(alone).status().unwrap();
    assert!(status.success());
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "a role that the_kernel_no_longer_frees_pages_of_a_buffer_that_is_used_again starts"]
fn a_buffer_is_used_again() {
    const LEN: usize = 6 << 20;

    /// Kilobytes that the kernel may free in the mapping from `address` on, if it tells.
    fn lazily_freed(address: usize) -> Option<u64> {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines().skip_while(|line| {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let ends = range.and_then(|(start, end)| {
                Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
            });
            !ends.is_some_and(|(start, end)| (start..end).contains(&address))
        });
        lines.next().expect("the buffer is mapped");
        let size = lines.find_map(|line| line.strip_prefix("LazyFree:"))?;
        Some(size.trim().strip_suffix(" kB")?.parse().unwrap())
    }

    let mut used = Buffer::for_overwriting(LEN).unwrap();
    used.as_mut_bytes().unwrap().fill(7);
    let address = used.as_bytes().as_ptr().addr();
    drop(used);
    let kept = lazily_freed(address);
    let again = Buffer::for_overwriting(LEN).unwrap();
    assert_eq!(again.as_bytes().as_ptr().addr(), address);
    // Kernels before 4.12 don't tell, and some take the advice at once.
    if kept.is_some_and(|size| size > 0) {
        assert_eq!(lazily_freed(address), Some(0));
    }
}

#[test]
fn elements_in_fortran_order_are_listed_in_c_order_whatever_the_shape_and_the_type() {
    fn check<T: Element>(shape: &[usize], make: fn(usize) -> T) {
        let elements: Vec<T> = (0..shape.iter().product()).map(make).collect();
        let array = Array::<T>::from_buffer(Buffer::adopt(elements), shape.to_vec(), Order::F).unwrap();
        let expected: Vec<T> = array.iter().copied().collect();
        let buffer = array.buffer().clone();
        let list =
            OwnedRawArray { dtype: T::DTYPE, order: Order::F, shape: shape.to_vec(), buffer }.into_list();
        let list = Array::<T>::from_buffer(list.buffer, list.shape, list.order).unwrap();
        assert!(list.as_slice() == expected, "{shape:?} of {}", T::DTYPE);
    }
    let shapes: [&[usize]; 9] =
        [&[3, 2], &[70, 45], &[1, 5], &[5, 1], &[4, 3, 2], &[33, 2, 3, 40], &[7], &[], &[usize::MAX >> 5, 0]];
    for shape in shapes {
        check(shape, |n| n as u8);
        check(shape, |n| n as i16);
        check(shape, |n| n as f32);
        check(shape, |n| n as f64);
        check(shape, |n| Complex { re: n as f64, im: -1.0 });
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn an_array_of_ndarray_in_fortran_order_is_hashed_where_it_lies_and_copied_for_files() {
    use joblib_array::foreign::{whole, whole_in_either_order};
    use joblib_array::ndarray::{Array2, ShapeBuilder as _};

    let columns = Array2::from_shape_fn((30, 20).f(), |(row, column)| (100 * row + column) as f64);
    let place = columns.as_ptr().cast::<u8>();
    let in_place = whole_in_either_order(&columns).unwrap();
    assert_eq!((in_place.order, in_place.bytes.as_ptr()), (Order::F, place));
    let copied = whole(&columns).unwrap();
    assert_eq!(copied.order, Order::C);
    let expected: Vec<u8> = columns.iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(copied.bytes, expected);
    // Neither order.
    let view = columns.slice(joblib_array::ndarray::s![..;2, 3..]);
    let copied = whole_in_either_order(&view).unwrap();
    assert_eq!(copied.order, Order::C);
    assert_eq!(copied.bytes, view.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
}
