"""One gateway's answers as a folder of files, without anything that tells whose they are.

`capture` asks, `anonymiser` replaces, `folder` writes and reads,
`heard.suspicious` looks once more.
"""
