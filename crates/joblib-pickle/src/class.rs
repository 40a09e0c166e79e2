//! Which classes and functions mean something here. A name is only ever compared: nothing is imported or called.

/// A class or function that a pickle names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) module: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) known: Known,
}

impl Class {
    pub(crate) fn new(module: &str, name: &str) -> Self {
        Self { module: module.into(), name: name.into(), known: Known::of(module, name) }
    }

    /// `module.name`, or the name alone for what is built in.
    pub(crate) fn path(&self) -> String {
        match &*self.module {
            // Python 2's range.
            "__builtin__" if &*self.name == "xrange" => "range".to_owned(),
            // Protocols up to 2 have exceptions in the module that Python 2 had them in.
            "builtins" | "__builtin__" | "exceptions" | "" => self.name.to_string(),
            "zoneinfo" if self.known == Known::ZoneInfo => "zoneinfo.ZoneInfo".to_owned(),
            // The functions that these classes are pickled as calls of.
            "re" if self.known == Known::Pattern => "re.Pattern".to_owned(),
            module if module.starts_with("pandas.") && self.known == Known::Timestamp => {
                "pandas.Timestamp".to_owned()
            }
            module if module.starts_with("pandas.") && self.known == Known::Timedelta => {
                "pandas.Timedelta".to_owned()
            }
            module => format!("{module}.{}", self.name),
        }
    }
}

/// What a class or function makes, as far as this reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing known: its instances are data.
    Other,
    // Python's own.
    Object,
    Bytes,
    ByteArray,
    List,
    Tuple,
    Set,
    FrozenSet,
    Dict,
    Str,
    Int,
    Float,
    Bool,
    Complex,
    Range,
    Slice,
    GetAttr,
    /// `_codecs.encode`, which is how protocols 0 to 2 spell bytes.
    Encode,
    /// `copyreg._reconstructor`, which is how protocols 0 and 1 spell instances.
    Reconstructor,
    NewObj,
    NewObjEx,
    /// Any mapping built by items: `OrderedDict`, `defaultdict`, `Counter`.
    Mapping,
    Deque,
    /// An array of the module `array`, and how protocols from 3 on spell one.
    StdArray,
    StdArrayReconstructor,
    DateTime,
    Date,
    Time,
    TimeDelta,
    // pendulum's, from their numbers.
    DateTimeParts,
    TimeParts,
    TimeZone,
    ZoneInfo,
    PytzZone,
    Utc,
    /// pytz's offset in minutes.
    FixedOffset,
    /// pendulum's in seconds.
    FixedSeconds,
    // dateutil's zones.
    TzOffset,
    TzFile,
    TzLocal,
    TzRule,
    Decimal,
    Fraction,
    Uuid,
    IpAddress,
    /// What a regular expression is pickled as a call of.
    Pattern,
    Path,
    WindowsPath,
    // numpy's.
    NdArray,
    DType,
    Reconstruct,
    FromBuffer,
    Scalar,
    MaskedReconstruct,
    MaskedConstant,
    // joblib's stand-ins for arrays.
    NumpyArrayWrapper,
    NdArrayWrapper,
    ZNdArrayWrapper,
    // scipy's and pandas'.
    Sparse,
    DataFrame,
    Series,
    BlockManager,
    SingleBlockManager,
    UnpickleBlock,
    NewBlock,
    Block,
    NewIndex,
    NewDatetimeIndex,
    RangeIndex,
    Index,
    UnpickleBacked,
    Categorical,
    DatetimeArray,
    TimedeltaArray,
    PeriodArray,
    StringArray,
    MaskedColumn,
    NewIntervalIndex,
    UnpickleInterval,
    IntervalArray,
    SparseArray,
    Interval,
    Period,
    /// pandas' wrapper of one of pyarrow's arrays.
    ArrowExtension,
    // pyarrow's.
    ArrowArray,
    ArrowChunks,
    ArrowTable,
    ArrowScalar,
    Timestamp,
    Timedelta,
    PandasNa,
    PandasNat,
}

impl Known {
    fn of(module: &str, name: &str) -> Self {
        match module {
            "builtins" | "__builtin__" => builtin(name),
            "copyreg" | "copy_reg" => match name {
                "_reconstructor" => Self::Reconstructor,
                "__newobj__" => Self::NewObj,
                "__newobj_ex__" => Self::NewObjEx,
                _ => Self::Other,
            },
            "_codecs" => match name {
                "encode" => Self::Encode,
                _ => Self::Other,
            },
            "collections" => match name {
                "OrderedDict" | "defaultdict" | "Counter" => Self::Mapping,
                "deque" => Self::Deque,
                _ => Self::Other,
            },
            "array" => match name {
                "array" => Self::StdArray,
                "_array_reconstructor" => Self::StdArrayReconstructor,
                _ => Self::Other,
            },
            "datetime" | "_datetime" | "_pydatetime" => match name {
                "datetime" => Self::DateTime,
                "date" => Self::Date,
                "time" => Self::Time,
                "timedelta" => Self::TimeDelta,
                "timezone" => Self::TimeZone,
                _ => Self::Other,
            },
            "zoneinfo" | "zoneinfo._common" | "zoneinfo._zoneinfo" | "backports.zoneinfo" => match name {
                "ZoneInfo._unpickle" | "ZoneInfo" | "_unpickle" => Self::ZoneInfo,
                _ => Self::Other,
            },
            "pytz" | "pytz.tzinfo" => match name {
                "_p" => Self::PytzZone,
                "_UTC" => Self::Utc,
                "FixedOffset" => Self::FixedOffset,
                _ => Self::Other,
            },
            "pendulum.datetime" if name == "DateTime" => Self::DateTimeParts,
            "pendulum.time" if name == "Time" => Self::TimeParts,
            "pendulum.duration" if name == "Duration" => Self::TimeDelta,
            "pendulum.tz.timezone" => match name {
                "Timezone._unpickle" => Self::ZoneInfo,
                "FixedTimezone" => Self::FixedSeconds,
                _ => Self::Other,
            },
            "dateutil.tz.tz" | "dateutil.tz" | "dateutil.tz._tzfile" => match name {
                "tzutc" => Self::Utc,
                "tzoffset" => Self::TzOffset,
                "tzfile" | "_unpickle" => Self::TzFile,
                "tzlocal" => Self::TzLocal,
                "tzrange" | "tzstr" => Self::TzRule,
                _ => Self::Other,
            },
            "decimal" | "_decimal" | "_pydecimal" if name == "Decimal" => Self::Decimal,
            "fractions" if name == "Fraction" => Self::Fraction,
            "uuid" if name == "UUID" => Self::Uuid,
            "ipaddress" => match name {
                "IPv4Address" | "IPv6Address" | "IPv4Network" | "IPv6Network" | "IPv4Interface"
                | "IPv6Interface" => Self::IpAddress,
                _ => Self::Other,
            },
            "re" if name == "_compile" => Self::Pattern,
            "pathlib" | "pathlib._local" => match name {
                "PosixPath" | "PurePosixPath" | "Path" | "PurePath" => Self::Path,
                "WindowsPath" | "PureWindowsPath" => Self::WindowsPath,
                _ => Self::Other,
            },
            _ if module.starts_with("numpy") => numpy(module, name),
            _ if module.starts_with("pandas") => pandas(module, name),
            "pyarrow.lib" => match name {
                "_restore_array" => Self::ArrowArray,
                "chunked_array" => Self::ArrowChunks,
                "_reconstruct_table" | "_reconstruct_record_batch" => Self::ArrowTable,
                "scalar" => Self::ArrowScalar,
                _ => Self::Other,
            },
            _ if module.starts_with("scipy.sparse") => match name.split_once('_') {
                Some(("csr" | "csc" | "coo" | "bsr" | "dia" | "lil" | "dok", "matrix" | "array")) => {
                    Self::Sparse
                }
                _ => Self::Other,
            },
            // joblib once lived inside scikit-learn.
            _ if module.ends_with("joblib.numpy_pickle")
                || module.ends_with("joblib.numpy_pickle_compat") =>
            {
                match name {
                    "NumpyArrayWrapper" => Self::NumpyArrayWrapper,
                    "NDArrayWrapper" => Self::NdArrayWrapper,
                    "ZNDArrayWrapper" => Self::ZNdArrayWrapper,
                    _ => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }
}

fn builtin(name: &str) -> Known {
    match name {
        "object" => Known::Object,
        "bytes" => Known::Bytes,
        "bytearray" => Known::ByteArray,
        "list" => Known::List,
        "tuple" => Known::Tuple,
        "set" => Known::Set,
        "frozenset" => Known::FrozenSet,
        "dict" => Known::Dict,
        "str" | "unicode" => Known::Str,
        "int" | "long" => Known::Int,
        "float" => Known::Float,
        "bool" => Known::Bool,
        "complex" => Known::Complex,
        "range" | "xrange" => Known::Range,
        "slice" => Known::Slice,
        "getattr" => Known::GetAttr,
        _ => Known::Other,
    }
}

fn numpy(module: &str, name: &str) -> Known {
    match (module, name) {
        ("numpy", "ndarray" | "matrix" | "memmap" | "recarray")
        | ("numpy.rec" | "numpy.core.records" | "numpy._core.records", "recarray")
        | ("numpy.matrixlib.defmatrix", "matrix") => Known::NdArray,
        ("numpy", "dtype") => Known::DType,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Known::Reconstruct,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Known::Scalar,
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Known::FromBuffer,
        ("numpy.ma.core" | "numpy.ma", "_mareconstruct") | ("numpy.ma.mrecords", "_mrreconstruct") => {
            Known::MaskedReconstruct
        }
        ("numpy.ma.core" | "numpy.ma", "MaskedConstant") => Known::MaskedConstant,
        _ => Known::Other,
    }
}

fn pandas(module: &str, name: &str) -> Known {
    match name {
        "DataFrame" => Known::DataFrame,
        "Series" => Known::Series,
        "BlockManager" => Known::BlockManager,
        "SingleBlockManager" => Known::SingleBlockManager,
        "_unpickle_block" => Known::UnpickleBlock,
        "new_block" | "make_block" => Known::NewBlock,
        "_new_Index" => Known::NewIndex,
        "_new_DatetimeIndex" | "_new_PeriodIndex" | "_new_TimedeltaIndex" => Known::NewDatetimeIndex,
        "_new_IntervalIndex" => Known::NewIntervalIndex,
        "__pyx_unpickle_IntervalMixin" => Known::UnpickleInterval,
        "IntervalArray" => Known::IntervalArray,
        "SparseArray" => Known::SparseArray,
        "Interval" => Known::Interval,
        "Period" => Known::Period,
        "ArrowStringArray" | "ArrowStringArrayNumpySemantics" | "ArrowExtensionArray" => {
            Known::ArrowExtension
        }
        "RangeIndex" => Known::RangeIndex,
        "Index" | "Int64Index" | "UInt64Index" | "Float64Index" | "CategoricalIndex" | "DatetimeIndex"
        | "TimedeltaIndex" | "PeriodIndex" | "IntervalIndex" | "MultiIndex" => Known::Index,
        "__pyx_unpickle_NDArrayBacked" => Known::UnpickleBacked,
        "Categorical" => Known::Categorical,
        "DatetimeArray" => Known::DatetimeArray,
        "TimedeltaArray" => Known::TimedeltaArray,
        "PeriodArray" => Known::PeriodArray,
        "StringArray" | "NumpyExtensionArray" | "PandasArray" | "StringArrayNumpySemantics" => {
            Known::StringArray
        }
        "IntegerArray" | "FloatingArray" | "BooleanArray" => Known::MaskedColumn,
        "_unpickle_timestamp" | "Timestamp" => Known::Timestamp,
        "_timedelta_unpickle" | "Timedelta" => Known::Timedelta,
        "NAType" | "C_NA" | "NA" => Known::PandasNa,
        "_nat_unpickle" | "__nat_unpickle" | "NaTType" => Known::PandasNat,
        _ if module.starts_with("pandas.core.internals.blocks") && name.ends_with("Block") => Known::Block,
        _ => Known::Other,
    }
}
