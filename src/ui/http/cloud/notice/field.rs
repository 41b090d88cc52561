//! The fields of webhooks: of what a receiver can be told.

/// What webhooks can be told of, as that API calls it.
pub(in crate::ui::http) const FIELDS: [&str; 4] =
    ["messages", "message_template_status_update", "user_preferences", "user_id_update"];
