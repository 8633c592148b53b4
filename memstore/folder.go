package memstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/usher-scim/scim"
)

// folder is a folder that has users.
type folder struct {
	root, name string        // as its first user spelled it
	key        string        // the folded name
	users      list[*user]   // all that are not archived
	count      [statuses]int // of them by status
}

// placeInFolders moves u into the folders that it asks for, from those that it is
// in, and counts it by its status instead of the one before.
func (t *tenant) placeInFolders(u *user, before scim.Status) {
	old := u.folders
	switch {
	case u.Status == scim.StatusArchived:
		u.folders = nil
	case !spelledAlike(u.Keys.Folders, old):
		u.folders = t.foldersOf(u.Keys.Folders)
	}
	if spelledAlike(u.Keys.Folders, u.folders) {
		u.Keys.Folders = nil
	}
	for _, f := range u.folders {
		f.count[u.Status]++
		if !slices.Contains(old, f) {
			f.users.insert(u)
		}
	}
	for _, f := range old {
		f.count[before]--
		if !slices.Contains(u.folders, f) {
			f.users.remove(u)
		}
		if f.users.len() == 0 {
			delete(t.folders, scim.FolderKey{Root: f.root, Name: f.key})
		}
	}
}

// foldersOf returns the folders that keys name, each once, and makes those that
// are missing. A blank name names no folder.
func (t *tenant) foldersOf(keys []scim.FolderKey) []*folder {
	if len(keys) == 0 {
		return nil
	}
	folders := make([]*folder, 0, len(keys))
	for _, k := range keys {
		key := scim.FolderKey{Root: k.Root, Name: scim.FoldName(k.Name)}
		if key.Name == "" {
			continue
		}
		f := t.folders[key]
		if f == nil {
			// Copies, for the folder may outlive its first user.
			key.Root, key.Name = strings.Clone(key.Root), strings.Clone(key.Name)
			f = &folder{root: key.Root, name: strings.Clone(k.Name), key: key.Name}
			t.folders[key] = f
		}
		if !slices.Contains(folders, f) {
			folders = append(folders, f)
		}
	}
	return folders
}

// spelledAlike reports whether the folders say all that keys say.
func spelledAlike(keys []scim.FolderKey, folders []*folder) bool {
	return len(folders) > 0 && slices.EqualFunc(keys, folders, func(k scim.FolderKey, f *folder) bool {
		return k.Root == f.root && k.Name == f.name
	})
}

// Folders implements [scim.Store]. The order is that of the folded names.
func (s *Store) Folders(ctx context.Context, name scim.Tenant, root string) ([]scim.Folder, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []*folder
	for key, f := range t.folders {
		if key.Root == root {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b *folder) int { return cmp.Compare(a.key, b.key) })
	var out []scim.Folder
	for _, f := range found {
		out = append(out, scim.Folder{Root: f.root, Name: f.name, Users: f.users.len(), Active: f.count[scim.StatusActive]})
	}
	return out, nil
}
