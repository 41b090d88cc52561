//! A business as a search shows it.

use serde::Serialize;

use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::identity::address;
use crate::engine::view::ProfileView;

/// A business as a search shows it.
#[derive(Clone, Debug, Serialize)]
pub struct FoundBusiness {
    /// Its address.
    pub address: String,
    /// The address that was asked for, where the business had that one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former: Option<String>,
    /// Its profile, verified.
    pub profile: ProfileView,
}

impl FoundBusiness {
    /// A verified profile as a search shows it.
    pub(super) fn of(profile: &VerifiedProfile) -> Self {
        Self {
            address: address::encode(&profile.account()),
            former: None,
            profile: ProfileView::of(profile.profile()),
        }
    }
}
