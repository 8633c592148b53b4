package okta

// SetMappings changes the attributes that are sent, as an administrator does who
// edits the mappings and has them applied at once: the profiles of all provisioned
// users are due. Nil is DefaultMappings. On an error nothing is changed.
func (a *App) SetMappings(mappings []Mapping) error {
	if mappings == nil {
		mappings = DefaultMappings()
	}
	fields, userName, err := compile(mappings)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.config.Mappings, a.fields, a.userName = mappings, fields, userName
	a.mu.Unlock()
	a.ForceSync()
	return nil
}
