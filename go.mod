module github.com/usher-scim/scim

go 1.26.0

require golang.org/x/text v0.43.0
