//! What macros make.

macro_rules! unit {
    ($name:ident, $helper:ident, $by:expr) => {
        struct $name(f64);

        impl $name {
            fn $helper(&self) -> f64 {
                converted(self.0, $by)
            }
        }

        impl Unit for $name {
            fn value(&self) -> f64 {
                self.$helper() + extra!()
            }
        }
    };
}

macro_rules! extra {
    () => {
        added()
    };
}

trait Unit {
    fn value(&self) -> f64;
}

unit!(Feet, in_feet, per_foot());
unit!(Inches, in_inches, 0.0254);

fn per_foot() -> f64 {
    0.3048
}

fn converted(x: f64, by: f64) -> f64 {
    x * by
}

fn added() -> f64 {
    1e-9
}

pub fn measured(x: f64) -> f64 {
    Feet(x).value() + Inches(x).value()
}

macro_rules! steps {
    ($($name:ident: $body:expr;)*) => {
        $(fn $name(x: f64) -> f64 { $body(x) })*

        const ALL: &[fn(f64) -> f64] = &[$($name),*];
    };
}

steps! {
    first: twice;
    second: |x| once(x);
}

fn twice(x: f64) -> f64 {
    2.0 * x
}

fn once(x: f64) -> f64 {
    x
}

pub fn stepped(x: f64) -> f64 {
    ALL.iter().map(|step| step(x)).sum()
}
