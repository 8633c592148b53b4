package scim

// The three root folders (P6.1).
const (
	RootDepartment   = "Department"
	RootDivision     = "Division"
	RootOrganisation = "Organisation"
)

// FolderKey names a folder. Two names mean the same folder when their
// [FoldName] is equal (P6.2).
type FolderKey struct {
	Root, Name string
}

// Folder is a folder that has users. Archived users are in none (P6.3).
type Folder struct {
	Root   string
	Name   string // as the first user of the folder spelled it
	Users  int    // users that are not archived
	Active int    // of them, active ones
}
