//! Texts of the JSON with their forms, for the description: what a client may expect of each.

use std::borrow::Cow;

use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::client_oid;

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $build:expr;)*) => {$(
        $(#[doc = $doc])*
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let build: fn(ObjectBuilder) -> ObjectBuilder = $build;
                let text = ObjectBuilder::new().schema_type(Type::String);
                build(text).description(Some(concat!($($doc),*).trim())).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                $text.into()
            }
        }
    )*};
}

texts! {
    /// A decimal number as text.
    Decimal = "Decimal", |text| text.pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$"));
    /// A decimal number as text, with up to 18 digits on each side of the point.
    DecimalIn = "DecimalIn",
        |text| text.pattern(Some(r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$")).examples(["10.25"]);
    /// A time, RFC 3339 in UTC with microseconds.
    TimeText = "Time", |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    /// Number of an order or account, as text.
    NumberText = "Number", |text| text.pattern(Some("^[0-9]{1,20}$"));
    /// Name of a market.
    ProductId = "ProductId",
        |text| text.pattern(Some(r"^[A-Z0-9._-]{1,15}$")).examples(["BTC-USD"]);
    /// Name of a currency.
    CurrencyId = "CurrencyId", |text| text.pattern(Some(r"^[A-Z0-9._-]{0,15}$"));
    /// A client's own id: a UUID, all in lower or all in upper case, or 1 to 18 printable ASCII characters.
    ClientOid = "ClientOid", |text| text.pattern(Some(client_oid::PATTERN));
    /// An order by its number, or by `client:` and its client id.
    OrderName = "OrderName",
        |text| text.pattern(Some("^([0-9]{1,19}|client:[0-9A-Za-z-]{1,18})$")).examples(["4"]);
}

/// A date, or a time with its zone.
pub(crate) enum DateOrTime {}

impl PartialSchema for DateOrTime {
    fn schema() -> RefOr<Schema> {
        let of = |format| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.format(Some(SchemaFormat::KnownFormat(format)))
        };
        let either =
            AnyOfBuilder::new().item(of(KnownFormat::DateTime)).item(of(KnownFormat::Date));
        either.description(Some("A date, or a time with its zone; RFC 3339.")).into()
    }
}

impl ToSchema for DateOrTime {
    fn name() -> Cow<'static, str> {
        "DateOrTime".into()
    }
}

/// The value `false`.
pub(crate) enum False {}

impl PartialSchema for False {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([false])).into()
    }
}

impl ToSchema for False {
    fn name() -> Cow<'static, str> {
        "False".into()
    }
}
