//! Paths, imports, closures, pointers, constants and statics.

mod scaled {
    pub fn scaled(x: f64) -> f64 {
        super::inner::deep::offset(x) * FACTOR
    }

    const FACTOR: f64 = factor(3);

    const fn factor(n: u8) -> f64 {
        n as f64 * 0.5
    }
}

mod inner {
    pub use self::deep::*;

    pub mod deep {
        pub fn offset(x: f64) -> f64 {
            x + START[0] + self::shift()
        }

        fn shift() -> f64 {
            0.25
        }

        pub fn globbed(x: f64) -> f64 {
            x - 1.0
        }

        static START: [f64; 2] = [0.5, 1.5];
    }
}

use inner::*;
use scaled::*;

pub fn by_path(x: f64) -> f64 {
    scaled(x) + globbed(x)
}

pub fn by_pointer(x: f64) -> f64 {
    let steps: [fn(f64) -> f64; 2] = [halve, |x| negate(x)];
    steps.iter().fold(x, |x, step| step(x)) + (TABLE.run)(x)
}

fn halve(x: f64) -> f64 {
    x / 2.0
}

fn negate(x: f64) -> f64 {
    -x
}

struct Table {
    run: fn(f64) -> f64,
}

static TABLE: Table = Table { run: tripled };

fn tripled(x: f64) -> f64 {
    3.0 * x
}

pub fn by_nested(x: f64) -> f64 {
    fn negate(x: f64) -> f64 {
        super::by_name::halve(x) - 1.0
    }
    let lazily = || {
        fn only_here(x: f64) -> f64 {
            x + 7.0
        }
        only_here(x)
    };
    negate(x) + lazily()
}

thread_local! {
    static COUNT: f64 = counted();
}

static ONCE: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| opened(2.0));

fn counted() -> f64 {
    4.0
}

fn opened(x: f64) -> f64 {
    x * 5.0
}

pub fn by_static() -> f64 {
    COUNT.with(|count| *count) + *ONCE
}
