package company

// trade is a department as companies have it: what it is called, what division it
// belongs to, how large it is beside the others, and what its people do.
type trade struct {
	name, division string
	weight         int
	roles          []string
}

const (
	corporate  = "Corporate Services"
	technology = "Technology & Data"
	commercial = "Commercial"
	operations = "Operations"
	customers  = "Customer Experience"
	research   = "Research & Development"
)

// board is the department of the head and of those who head divisions.
var board = trade{"Executive Office", corporate, 0, []string{"Executive Assistant", "Chief of Staff"}}

// trades are in the order in which growing companies get them.
var trades = []trade{
	{"Sales", commercial, 12, []string{"Account Executive", "Sales Representative", "Inside Sales Agent", "Sales Analyst"}},
	{"Software Engineering", technology, 11, []string{"Software Engineer", "Test Engineer", "Site Reliability Engineer", "Mobile Developer"}},
	{"Customer Service", customers, 14, []string{"Customer Adviser", "Support Specialist", "Complaints Handler"}},
	{"Finance", corporate, 5, []string{"Accountant", "Accounts Payable Clerk", "Financial Analyst", "Controller"}},
	{"Production", operations, 18, []string{"Machine Operator", "Process Technician", "Shift Planner", "Maintenance Fitter"}},
	{"Marketing", commercial, 4, []string{"Campaign Specialist", "Content Writer", "Brand Designer", "Event Organiser"}},
	{"Human Resources", corporate, 3, []string{"HR Adviser", "Recruiter", "HR Administrator"}},
	{"IT Services", technology, 6, []string{"Systems Administrator", "Service Desk Analyst", "Network Engineer", "Endpoint Engineer"}},
	{"Warehouse & Logistics", operations, 12, []string{"Warehouse Operative", "Dispatcher", "Driver", "Stock Controller"}},
	{"Procurement", operations, 3, []string{"Buyer", "Contract Specialist", "Supplier Analyst"}},
	{"Legal", corporate, 2, []string{"Counsel", "Paralegal", "Contracts Administrator"}},
	{"Applied Research", research, 4, []string{"Research Scientist", "Laboratory Technician", "Research Assistant"}},
	{"Quality Assurance", operations, 4, []string{"Quality Inspector", "Quality Engineer", "Document Controller"}},
	{"Health, Safety & Environment", operations, 2, []string{"Safety Adviser", "Environmental Engineer", "Occupational Nurse"}},
	{"Data & Analytics", technology, 4, []string{"Data Analyst", "Data Engineer", "Data Scientist"}},
	{"Information Security", technology, 2, []string{"Security Analyst", "Security Engineer", "Identity & Access Specialist"}},
	{"Facilities", corporate, 3, []string{"Facilities Coordinator", "Receptionist", "Electrician", "Caterer"}},
	{"Product Management", research, 3, []string{"Product Owner", "Product Analyst", "Technical Writer"}},
	{"Design", research, 2, []string{"Product Designer", "UX Researcher", "Illustrator"}},
	{"Key Accounts", commercial, 3, []string{"Key Account Partner", "Bid Writer", "Account Coordinator"}},
	{"Field Service", customers, 6, []string{"Field Engineer", "Installation Technician", "Service Scheduler"}},
	{"Internal Audit", corporate, 1, []string{"Auditor", "Audit Analyst"}},
	{"Risk & Compliance", corporate, 2, []string{"Compliance Officer", "Risk Analyst", "Data Protection Specialist"}},
	{"Payroll", corporate, 1, []string{"Payroll Specialist", "Payroll Clerk"}},
	{"Treasury", corporate, 1, []string{"Treasury Analyst", "Cash Specialist"}},
	{"Communications", corporate, 1, []string{"Press Officer", "Internal Communications Specialist", "Translator"}},
	{"Talent & Learning", corporate, 2, []string{"Trainer", "Learning Designer", "Talent Partner"}},
	{"Retail", customers, 15, []string{"Shop Assistant", "Cashier", "Visual Merchandiser"}},
	{"Fleet", operations, 2, []string{"Fleet Coordinator", "Vehicle Technician"}},
	{"Demand Planning", operations, 2, []string{"Demand Planner", "Inventory Analyst"}},
	{"Returns/Repairs", customers, 3, []string{"Repair Technician", "Returns Clerk"}},
	{"Corporate Development", corporate, 1, []string{"M&A Analyst", "Strategy Associate"}},
	{"Partner Management", commercial, 2, []string{"Partner Specialist", "Channel Coordinator"}},
	{"Cloud Platform", technology, 4, []string{"Platform Engineer", "Cloud Architect", "Database Administrator"}},
	{"R&D Laboratories", research, 3, []string{"Chemist", "Materials Engineer", "Laboratory Assistant"}},
	{"Tax", corporate, 1, []string{"Tax Adviser", "Tax Analyst"}},
}

// rank is how far up somebody is.
type rank uint8

const (
	junior rank = iota
	plain
	senior
	lead
	manager
	departmentHead
	divisionHead
	chief
)

// ranks says what a rank makes of a role, or of the name of the department.
var ranks = [...]struct {
	grade, before, after string
	department           bool
}{
	junior:         {grade: "G3", before: "Junior "},
	plain:          {grade: "G4"},
	senior:         {grade: "G5", before: "Senior "},
	lead:           {grade: "G6", before: "Team Lead, ", department: true},
	manager:        {grade: "G7", after: " Manager", department: true},
	departmentHead: {grade: "G8", before: "Head of ", department: true},
	divisionHead:   {grade: "G9"},
	chief:          {grade: "G10"},
}

// title is the job title of somebody in a department; nil is none.
func (r rank) title(role string, d *department) string {
	k := ranks[r]
	if k.department && d != nil {
		role = d.name
	}
	return k.before + role + k.after
}

// contract is an employeeType, how many of a thousand have it, and for how many years
// at most; 0 is for ever. Who stays longer gets the first.
type contract struct {
	name         string
	share, years int
}

var contracts = []contract{{"Permanent", 790, 0}, {"Part time", 90, 0}, {"Contractor", 60, 5}, {"Apprentice", 35, 3}, {"Intern", 25, 1}}

// What companies, those they work with, offices and projects are called.
var (
	firstNames = []string{
		"Aldersby", "Ashgrave", "Brackenfell", "Corvane", "Dunmarrow", "Elverstone", "Fennimore", "Greycastle", "Halvorne", "Lindhurst",
		"Marrowby", "Northwick", "Penhallow", "Quillmere", "Rookhaven", "Silverdyke", "Tarnwold", "Wexcombe", "Yarrowgate", "Zennorby",
	}
	secondNames = []string{"Foods", "Logistics", "Instruments", "Energy", "Materials", "Aviation", "Systems", "Textiles", "Health", "Marine"}
	quarters    = []string{"", " Campus", " Riverside", " Works", " North"}
	qualities   = []string{
		"Amber", "Blue", "Bright", "Copper", "Crimson", "Distant", "Early", "Emerald", "First", "Golden", "Hidden", "Iron", "Ivory", "Jade",
		"Long", "Lunar", "Misty", "New", "Open", "Pale", "Quiet", "Rapid", "Red", "Silent", "Silver", "Solar", "Steady", "Swift", "True", "White",
	}
	things = []string{
		"Anchor", "Beacon", "Bridge", "Canyon", "Comet", "Delta", "Falcon", "Forge", "Garden", "Harbour", "Heron", "Horizon", "Island", "Kestrel",
		"Lantern", "Maple", "Meadow", "Mosaic", "Orchard", "Osprey", "Peak", "Prairie", "Quartz", "River", "Sparrow", "Summit", "Thunder", "Tide",
		"Valley", "Willow",
	}
)
