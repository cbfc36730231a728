"""The forms of tokens that services give out: a prefix that nothing else has, and the characters after it."""

from __future__ import annotations

# Each begins at the beginning of a word.
FORMS = (
    r"eyJ[\w-]{8,1000}\.eyJ[\w-]{8,10000}\.[\w-]*",  # JSON Web Token
    # Hosts of code, registries of packages and images, CI
    r"gh[pousr]_\w{30,}|github_pat_\w{22,}",
    r"gl(?:pat|rtr?|dt|ptt|cbt|soat|oas|ft|imt|agent|ffct|wt)-[\w.=-]{20,}",
    r"AT(?:ATT|CTT)3[\w=-]{20,}|ATBB\w{32}",  # Atlassian
    r"npm_\w{30,}|pypi-[\w-]{32,}|dckr_[op]at_[\w-]{20,}|rubygems_[0-9a-f]{48}|cio[A-Za-z0-9]{32}\b|oy2[a-z0-9]{43}\b",
    r"AKCp\w{60,}",  # Artifactory
    r"bkua_[0-9a-f]{40}|CCIP(?:AT|RJ)_\w{20,}|sq[apu]_[0-9a-f]{40}|sntry[su]_[\w+/=]{32,}|pul-[0-9a-f]{40}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}",  # Terraform
    # Clouds
    r"(?:AKIA|ASIA)[A-Z0-9]{16}\b|LTAI[A-Za-z0-9]{12,}|AKID[A-Za-z0-9]{13,}",
    r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    r"\w{3}8Q~[\w~.-]{31,}",  # Microsoft Entra
    r"do[opr]_v1_[0-9a-f]{64}|HRKU-[\w-]{36,}|fm[12][ar]?_[\w+/=]{20,}|nfp_\w{30,}|rnd_\w{30,}|tskey-\w+-[\w-]{16,}",
    r"dapi[0-9a-f]{32}|pscale_(?:oauth|pw|tkn)_[\w.=-]{32,}|sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,}",
    # Keepers of secrets
    r"hv[brs]\.[\w-]{24,}|[bs]\.(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24}\b|dp\.(?:audit|ct|pt|sa|scim|st)\.[\w.-]{40,}",
    r"AGE-SECRET-KEY-1\w{20,}",
    # Messages and mail
    r"xox[abeoprs]-[\w-]{10,}|xapp-\d-[\w-]{20,}|\d{8,10}:AA[\w-]{33}|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}",
    r"SG\.[\w-]{16,100}\.[\w-]{16,}|xkeysib-[0-9a-f]{64}-\w{16}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}\b|SK[0-9a-f]{32}\b",
    # Payment, trade, and other services
    r"[rs]k_(?:live|test)_\w{16,}|whsec_[\w+/=]{20,}|sq0(?:atp|csp|idp)-[\w-]{20,}|EAAA[\w-]{56,}|EZ[AT]K\w{54}",
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|lin_(?:api|oauth)_\w{32,}|fig[dor]_[\w-]{36,}|ntn_\w{40,}|PMAK-[\w-]{40,}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|NR(?:AK|II|JS|RA)-[\w-]{20,}|glsa_\w{32}_[0-9a-fA-F]{8}|glc_[\w+/=]{32,}",
    r"sk-[\w-]{20,}|hf_\w{30,}|r8_\w{37}|gsk_\w{50,}|xai-\w{70,}|pplx-\w{40,}",
    # Addresses that let everybody write
    r"hooks\.slack\.com/(?:services|triggers|workflows)/[\w/]{20,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}",
    r"[\w.-]{1,63}webhook\.office\.com/\S{20,}",
    # In base64: a private key, and the logins of Docker's registries
    r"LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJVkFU|FQyBQUklWQVRF|EU0EgUFJJVkFU|PUEVOU1NIIFBS|FTkNSWVBURUQg|QR1AgUFJJVkFU)"
    r"[\w+/=]*",
    r"(?:eyJhdXRocyI|eyAiYXV0aHMi|ewogICJhdXRocyI|ewoJImF1dGhzI)[\w+/=]{8,}",
)
