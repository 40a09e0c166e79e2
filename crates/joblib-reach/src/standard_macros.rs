//! Macros of the standard library, of which is known what they do with their tokens.

/// Those that take a list of expressions.
const OF_ARGUMENTS: [&str; 22] = [
    "vec",
    "format",
    "format_args",
    "print",
    "println",
    "eprint",
    "eprintln",
    "write",
    "writeln",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "todo",
    "unimplemented",
    "unreachable",
    "matches",
    "dbg",
    "cfg",
];

/// Whether a macro takes a comma behind its last argument, or leaves it, and does the same.
pub(crate) fn take_arguments(name: &str) -> bool {
    OF_ARGUMENTS.contains(&name)
}

/// Whether the words in a macro's call are expressions and nothing else.
pub(crate) fn hold_expressions(name: &str) -> bool {
    take_arguments(name) || matches!(name, "concat" | "stringify")
}

/// Those that read no file by themselves, beside those whose arguments are expressions.
const WITHOUT_FILES: [&str; 16] = [
    "addr_of",
    "addr_of_mut",
    "asm",
    "column",
    "compile_error",
    "env",
    "file",
    "include",
    "include_bytes",
    "include_str",
    "line",
    "module_path",
    "option_env",
    "pin",
    "ready",
    "thread_local",
];

/// Whether a macro of this name is one of the standard library that reads no file by itself.
pub(crate) fn reads_no_file(name: &str) -> bool {
    hold_expressions(name) || WITHOUT_FILES.contains(&name)
}
