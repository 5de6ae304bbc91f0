//! What keys of well-known vendors look like: each has a mark of its own.

/// Keys that say whose they are.
pub(super) const VENDORS: &str = concat!(
    r"(?:\b|_)(sk-[0-9A-Za-z_-]{16,}|(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z_]{10,}|whsec_[0-9A-Za-z_+/=]{16,}",
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[0-9A-Za-z_]{20,}|gl(?:pat|ptt|dt|rt|soat)-[0-9A-Za-z_-]{16,}",
    r"|xox[abeoprs]-[0-9A-Za-z_-]{10,}|xapp-[0-9A-Za-z_-]{10,}|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    r"|AIza[0-9A-Za-z_-]{30,}|AQ\.Ab[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{16,}|1//0[0-9A-Za-z_-]{24,}",
    r"|GOCSPX-[0-9A-Za-z_-]{20,}|npm_[A-Za-z0-9]{30,}",
    r"|pypi-[0-9A-Za-z_-]{30,}|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}|hf_[A-Za-z0-9]{20,}",
    r"|do[por]_v1_[a-f0-9]{32,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
    r"|AGE-SECRET-KEY-1[A-Z0-9]{40,}|gsk_[0-9A-Za-z_]{20,}|r8_[0-9A-Za-z_]{20,}|pplx-[0-9A-Za-z_]{20,}",
    r"|key-[0-9a-f]{32}|sq0[a-z]{3}-[0-9A-Za-z_-]{20,}|dapi[a-f0-9]{32}",
    r"|(?:xai|csk|tvly|nvapi|pul|figd|CFPAT|PMAK|NRAK|tskey|sess|rk)[-_][0-9A-Za-z_-]{24,}",
    r"|hv[sbr]\.[0-9A-Za-z_-]{20,}|AT(?:ATT3|CTT3|BB)[0-9A-Za-z_=-]{24,}|ntn_[0-9A-Za-z]{30,}",
    r"|lin_(?:api|oauth)_[0-9A-Za-z]{30,}|dckr_(?:pat|oat)_[0-9A-Za-z_-]{20,}|EAA[A-Z][0-9A-Za-z]{30,}",
    r"|[0-9a-f]{32}-us[0-9]{1,2}\b|gl(?:sa|c)_[0-9A-Za-z_=]{24,}|sntry[su]_[0-9A-Za-z_=+/-]{24,}",
    r"|sb(?:p|_secret)_[0-9A-Za-z_]{20,}|rubygems_[0-9a-f]{32,}|xkeysib-[0-9A-Za-z-]{32,}|SK[0-9a-f]{32}\b",
    r"|ek_[0-9A-Za-z_]{16,}|(?:pi|seti|cs)_[0-9A-Za-z_]{3,}_secret_[0-9A-Za-z]{8,}|dp\.[a-z]{2,4}\.[0-9A-Za-z]{40,}",
    // Discord's and Telegram's bots, who are told by their form.
    r"|[MNO][0-9A-Za-z_-]{23,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,}|(?:bot)?[0-9]{8,10}:AA[0-9A-Za-z_-]{32,})",
);

/// Addresses that are keys: who has one may write there.
pub(super) const VENDOR_URLS: &str = concat!(
    r"(?i)(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/",
    r"|\.webhook\.office\.com/|chat\.googleapis\.com/v1/spaces/|hooks\.zapier\.com/hooks/catch/",
    r#"|outlook\.office\.com/webhook/|\.hooks\.n8n\.cloud/webhook/)([0-9A-Za-z_@./=&?%+-]{12,})"#,
);
