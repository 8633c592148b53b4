package company

// land is a country with offices, or with people who come from it.
//
// In the lists of names words are separated by white space. An underscore stands for
// a space within a name, a slash stands before the form that women have, and an equals
// sign before the name in the country's own script. Rarer surnames are made of a
// beginning and an end, or two of the common ones. In patterns # stands for a digit
// and @ for a capital letter.
type land struct {
	code, name, language string
	legal                string // what a subsidiary there ends in
	unit                 string // the business unit that looks after it
	mobile               string // a pattern of numbers that nobody has
	street               string // patterns, separated by a bar
	familyFirst          bool   // in the country's own script
	umlauts              bool   // ä is written ae where there is no ä
	female, male, family string
	begins, ends         string
	two                  bool // people have two surnames
	cities               []city
}

type city struct{ name, state, postcode string }

// lands are in no order that matters, but must stay in the one they have: by it a
// seed makes the same company again.
var lands = []land{
	{
		code: "GB", name: "United Kingdom", language: "en-GB", legal: "Ltd", unit: "UK & Ireland", mobile: "+44 7700 900###",
		street: "## Mill Lane|1## Station Road|# Canal Street|## Priory Gardens|# King's Parade",
		cities: []city{{"London", "Greater London", "EC2A #@@"}, {"Leeds", "West Yorkshire", "LS1 #@@"}, {"Bristol", "City of Bristol", "BS1 #@@"}},
		female: `Amelia Olivia Isla Emily Charlotte Sophie Grace Lucy Hannah Chloë Zoë Megan Rebecca Rachel Laura Sarah
			Jessica Emma Gemma Helen Fiona Morag Siân Rhiannon Mary_Anne Sarah-Jane Priya Aisha`,
		male: `Oliver George Harry Jack Thomas James William Daniel Matthew Andrew Christopher Stephen Alistair Callum
			Hamish Gareth Rhys Dylan Owen Simon Graham Nigel Stuart Ben Adam Luke Imran Kwame`,
		family: `Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White Thompson Green Hall Wood
			Harris Martin Jackson Clarke Turner Hill Cooper Ward Morris Watson Baker Morgan MacLeod McKenzie Fraser
			Campbell O'Neill St_John Smith-Jones Fox-Pitt Featherstonehaugh Ng Okafor Begum Hughes Edwards Bennett`,
		begins: `Ash Brad Hart Stan Whit Lang Black Thorn Win Hal Mar Crow Had Red Wether`,
		ends:   `ford ley ton well wood field worth by ham more bury`,
	},
	{
		code: "IE", name: "Ireland", language: "en-IE", legal: "DAC", unit: "UK & Ireland", mobile: "+353 20 91# ####",
		street: "## Harcourt Row|# Quay Street|## Abbey Court|# Bridge Lane",
		cities: []city{{"Dublin", "County Dublin", "D02 @@##"}, {"Cork", "County Cork", "T12 @@##"}, {"Galway", "County Galway", "H91 @@##"}},
		female: `Aoife Ciara Niamh Saoirse Róisín Sinéad Gráinne Orla Máire Deirdre Eimear Clodagh Caoimhe Siobhán Bríd
			Muireann Nuala Fionnuala Maeve Áine`,
		male: `Seán Conor Oisín Cian Fionn Pádraig Eoin Darragh Cillian Rónán Tadhg Diarmuid Ciarán Donal Colm Brendan
			Fergal Niall Lorcán Micheál`,
		family: `Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Reilly Doyle McCarthy Gallagher Doherty Kennedy
			Lynch Murray Quinn Moore McLoughlin O'Carroll Connolly Daly Wilson Dunne Brennan Burke Collins Clarke
			Ó_Briain Ní_Dhomhnaill de_Búrca Mac_Cárthaigh FitzGerald O’Dwyer`,
		begins: `Mul Kil Fin Don Con Lan Gil Bran Hal`,
		ends:   `ligan roy negan nelly nery doon lane laghan`,
	},
	{
		code: "US", name: "United States", language: "en-US", legal: "Inc.", unit: "North America", mobile: "+1 617 555 01##",
		street: "#00 Sunset Boulevard|1##0 Maple Avenue|## Liberty Plaza|##00 Juniper Drive",
		cities: []city{{"Boston", "MA", "021##"}, {"Austin", "TX", "787##"}, {"Denver", "CO", "802##"}},
		female: `Jennifer Ashley Brittany Madison Abigail Kimberly Linda Patricia Susan Karen Nancy Lisa Sandra Donna Michelle
			Latoya Aaliyah María Guadalupe Mary_Lou Mei Jasmine Savannah Brooke`,
		male: `Michael Robert John David Richard Joseph Charles Kevin Brian Jason Tyler Brandon Justin Austin Jordan Carlos José
			Luis DeShawn Marcus Wei Noah Ethan Mason`,
		family: `Johnson Miller Davis Garcia Rodriguez Martinez Hernandez Lopez Gonzalez Anderson Thomas Moore Jackson Lee Perez
			Sanchez Ramirez Lewis Robinson Young Allen King Scott Torres Nguyen Flores Adams Nelson Rivera Mitchell
			Carter Roberts Gomez Phillips Evans Diaz Parker Cruz Washington Jefferson D'Angelo Le_Blanc Kim Chen`,
		begins: `Green Stone Gold Silver Bloom Rosen Lind Hart Kirk Brook Vander`,
		ends:   `berg man stein field wood ton ley wald smith`,
	},
	{
		code: "DE", name: "Germany", language: "de-DE", legal: "GmbH", unit: "Central Europe", mobile: "+49 171 39200##", umlauts: true,
		street: "Lindenstraße ##|Am Mühlbach #|Schlossallee ##|Werksweg #|Königsplatz #",
		cities: []city{{"Berlin", "Berlin", "101##"}, {"München", "Bayern", "803##"}, {"Köln", "Nordrhein-Westfalen", "506##"}},
		female: `Anna Julia Laura Lea Katharina Sabine Ursula Petra Monika Claudia Birgit Käthe Anneliese Franziska
			Johanna Greta Heike Silke Anja Ulrike Ayşe Marie-Luise Bärbel Zeynep`,
		male: `Lukas Maximilian Jonas Felix Paul Jürgen Jörg Günther Wolfgang Klaus Stefan Andreas Thomas Matthias Sebastian
			Uwe Dieter Björn Götz Hans-Peter Karl-Heinz Florian Tobias Mehmet Emre`,
		family: `Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein
			Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Krause Lehmann Köhler König
			Groß Weiß Jäger Böhm Günther Strauß von_der_Heide zu_Lohe Müller-Lüdenscheidt Yılmaz Kaya Özdemir Kowalski`,
		begins: `Berg Stein Ober Linden Rosen Schön Hohen Bruck Eichen Wald Nieder Kirch`,
		ends:   `mann bach feld meier thal hofer brunner huber egger stätter`,
	},
	{
		code: "FR", name: "France", language: "fr-FR", legal: "SAS", unit: "France & Benelux", mobile: "+33 6 39 98 ## ##",
		street: "## rue de l'Église|#, quai des Moulins|## avenue du Général-Lenoir|# place du Marché",
		cities: []city{{"Paris", "Île-de-France", "750##"}, {"Lyon", "Auvergne-Rhône-Alpes", "690##"}, {"Orléans", "Centre-Val de Loire", "450##"}},
		female: `Camille Léa Manon Chloé Inès Zoé Aurélie Céline Hélène Françoise Geneviève Anne-Sophie Marie-Claire Élodie
			Noémie Amélie Mathilde Solène Fatima Aïcha Joëlle Anaïs Maëlys`,
		male: `Hugo Louis Jules Gabriel Raphaël Léo Jean-Pierre Jean-Luc François René Gérard Frédéric Sébastien Loïc Mickaël
			Étienne Théo Noël Benoît Cédric Karim Mamadou Rémi`,
		family: `Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David
			Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefèvre Faure André
			Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier d'Ormesson de_La_Tour L'Hôte Le_Goff Benali`,
		begins: `Beau Mont Bel Haut Clair Roche Font Champ Ville Grand Val`,
		ends:   `mont vallet champ fort rive court neuve pré meil sellier`,
	},
	{
		code: "ES", name: "Spain", language: "es-ES", legal: "S.L.", unit: "Southern Europe", mobile: "+34 000 ### ###",
		street: "Calle del Olmo, ##|Avenida de la Constitución, ##|Paseo de los Álamos, #|Plaza Nueva, #",
		cities: []city{{"Madrid", "Comunidad de Madrid", "280##"}, {"Málaga", "Andalucía", "290##"}, {"A Coruña", "Galicia", "150##"}},
		female: `Lucía María Paula Sofía Martina Carmen Pilar Dolores Rocío Inmaculada María_José Ana_Belén Begoña Nuria Montserrat
			Itziar Nekane Xisca Ángela Belén Mónica Raquel`,
		male: `Álvaro Pablo Javier Adrián Íñigo José_Luis Juan_Carlos Miguel_Ángel Rubén Iván Óscar Jesús Andrés Joaquín Ramón
			Jordi Xavier Unai Asier Diego Sergio Raúl`,
		family: `García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno
			Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco
			Suárez Molina Castro Ortega Núñez Peña García_Lorca de_la_Cruz del_Río Etxeberria Puig Ibáñez`,
		two: true,
	},
	{
		code: "PT", name: "Portugal", language: "pt-PT", legal: "Lda.", unit: "Southern Europe", mobile: "+351 000 ### ###",
		street: "Rua das Flores, ##|Avenida da República, 1##|Largo do Carmo, #|Travessa de São João, ##",
		cities: []city{{"Lisboa", "Lisboa", "1###-###"}, {"Porto", "Porto", "4###-###"}, {"Évora", "Évora", "70##-###"}},
		female: `Maria Leonor Matilde Beatriz Carolina Mariana Inês Joana Ana_Rita Catarina Conceição Fátima Graça Lurdes Sónia
			Cláudia Patrícia Teresa`,
		male: `João Rodrigo Francisco Martim Tomás Duarte Gonçalo Tiago Nuno Rui Sérgio António José Luís Vítor Estêvão Simão
			Hélder`,
		family: `Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Jesus Sousa Fernandes Gonçalves Gomes Lopes
			Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro
			Cardoso Rocha Simões da_Silva dos_Santos d'Ávila Magalhães Conceição Brandão`,
		two: true,
	},
	{
		code: "IT", name: "Italy", language: "it-IT", legal: "S.r.l.", unit: "Southern Europe", mobile: "+39 000 ### ####",
		street: "Via dei Tigli, ##|Corso Garibaldi, 1##|Piazza dell'Orologio, #|Viale della Libertà, ##",
		cities: []city{{"Milano", "Lombardia", "201##"}, {"Torino", "Piemonte", "101##"}, {"L'Aquila", "Abruzzo", "671##"}},
		female: `Giulia Sofia Aurora Alice Chiara Francesca Martina Sara Elena Federica Paola Maria_Grazia Annalisa
			Noemi Beatrice Ludovica Simona Valeria Letizia`,
		male: `Leonardo Francesco Alessandro Lorenzo Mattia Andrea Gabriele Riccardo Davide Tommaso Giuseppe Nicolò Gianluca
			Pier_Paolo Salvatore Carmelo Antonio Luca Marco Simone`,
		family: `Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Mancini Costa
			Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone
			Longo D'Angelo Dell'Acqua D’Amico Di_Stefano Lo_Presti Lunardi Cantù`,
		begins: `Monte Bel Castel Campo Terra Fonte Pietra Acqua Porta`,
		ends:   `verde nuovo rossi bianca fiore luna santa forte chiara lupo`,
	},
	{
		code: "NL", name: "Netherlands", language: "nl-NL", legal: "B.V.", unit: "France & Benelux", mobile: "+31 000 ### ###",
		street: "Molenweg ##|Kerkstraat 1##|Nieuwe Gracht #|Stationsplein ##",
		cities: []city{{"Utrecht", "Utrecht", "35## @@"}, {"Rotterdam", "Zuid-Holland", "30## @@"}, {"'s-Hertogenbosch", "Noord-Brabant", "52## @@"}},
		female: `Emma Sanne Lotte Fleur Anouk Femke Marijke Ingrid Annemiek Loes Roos Tess Noor Saskia Daniëlle Renée Maaike
			Willemijn Esmée Fatma`,
		male: `Daan Sem Lucas Bram Thijs Jeroen Maarten Pieter Wouter Sjoerd Gijs Ruben Jan-Willem Henk Kees Joost André Niels
			Björn Mohammed`,
		family: `de_Jong Jansen de_Vries van_den_Berg van_Dijk Bakker Janssen Visser Smit Meijer de_Boer Mulder de_Groot Bos Vos
			Peters Hendriks van_Leeuwen Dekker Brouwer de_Wit Dijkstra Smits de_Graaf van_der_Meer van_der_Linden Kok
			Jacobs van_Vliet van_'t_Hof 't_Hart in_'t_Veld Poëll Çelik Huisman Postma`,
		begins: `van_der_ van_den_ van_ ter_ op_de_`,
		ends:   `Veen Horst Velde Wal Laan Brink Molen Heuvel Broek Steen Kamp Poel Weide Donk Meulen Haar`,
	},
	{
		code: "SE", name: "Sweden", language: "sv-SE", legal: "AB", unit: "Nordics", mobile: "+46 70 174 06##",
		street: "Björkvägen ##|Storgatan #|Västra Hamngatan ##|Kvarnbacken #",
		cities: []city{{"Stockholm", "Stockholms län", "11# ##"}, {"Göteborg", "Västra Götalands län", "41# ##"}, {"Malmö", "Skåne län", "21# ##"}},
		female: `Alice Maja Elsa Astrid Freja Wilma Ebba Linnéa Åsa Ulrika Birgitta Märta Gunilla Anna-Karin Malin Jenny Sofia
			Ingegärd Matilda Tuva`,
		male: `Hugo Elias Oscar Axel Gustav Lars Göran Sören Åke Håkan Björn Jörgen Mats Per-Erik Karl-Johan Anders Magnus
			Fredrik Viktor Östen`,
		family: `Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson
			Jansson Hansson Bengtsson Jönsson Lindberg Jakobsson Magnusson Olofsson Lindström Lindqvist Lindgren Berg
			Axelsson Bergström Lundberg Lind Lundgren Mattsson Åberg Öberg Sjögren Hedström af_Klint Järvinen`,
		begins: `Lind Berg Ek Sjö Hag Sand Ny Ström Alm Hell Ros Wall Frid Dahl`,
		ends:   `ström qvist gren lund man dahl feldt blad stedt hag vall`,
	},
	{
		code: "PL", name: "Poland", language: "pl-PL", legal: "sp. z o.o.", unit: "Central Europe", mobile: "+48 000 ### ###",
		street: "ul. Młyńska ##|ul. Świętej Anny #|al. Niepodległości 1##|ul. Żołnierska ##",
		cities: []city{{"Warszawa", "mazowieckie", "00-###"}, {"Kraków", "małopolskie", "30-###"}, {"Łódź", "łódzkie", "90-###"}},
		female: `Anna Zofia Julia Maja Agnieszka Małgorzata Katarzyna Barbara Ewa Elżbieta Łucja Grażyna Bożena Joanna Magdalena
			Żaneta Świętosława Wioletta Aleksandra Kinga`,
		male: `Jakub Szymon Jan Filip Michał Piotr Krzysztof Andrzej Tomasz Paweł Łukasz Wojciech Stanisław Kazimierz Zbigniew
			Grzegorz Mateusz Sławomir Rafał Marek`,
		family: `Nowak Kowalski/Kowalska Wiśniewski/Wiśniewska Wójcik Kowalczyk Kamiński/Kamińska Lewandowski/Lewandowska
			Zieliński/Zielińska Szymański/Szymańska Woźniak Dąbrowski/Dąbrowska Kozłowski/Kozłowska Jankowski/Jankowska
			Mazur Kwiatkowski/Kwiatkowska Krawczyk Piotrowski/Piotrowska Grabowski/Grabowska Pawłowski/Pawłowska
			Michalski/Michalska Król Wieczorek Jabłoński/Jabłońska Wróbel Majewski/Majewska Stępień Malinowski/Malinowska
			Jaworski/Jaworska Dudek Pawlak Górski/Górska Sikora Walczak Rutkowski/Rutkowska Szczęsny/Szczęsna Żak`,
		begins: `Lip Zaw Bor Olsz Maj Kal Wron Sosn Bukow Trzc Wierzb Czarn Brzez`,
		ends:   `iński/ińska owski/owska ecki/ecka icki/icka ewski/ewska`,
	},
	{
		code: "CZ", name: "Czechia", language: "cs-CZ", legal: "s.r.o.", unit: "Central Europe", mobile: "+420 000 ### ###",
		street: "Mlýnská ##|Nádražní 1##|Náměstí Svobody #|U Řeky ##",
		cities: []city{{"Praha", "Hlavní město Praha", "1## 00"}, {"Brno", "Jihomoravský kraj", "6## 00"}, {"Plzeň", "Plzeňský kraj", "3## 00"}},
		female: `Eliška Tereza Adéla Natálie Anežka Kateřina Lucie Veronika Hana Jiřina Zdeňka Božena Ludmila Šárka Markéta
			Barbora Růžena Michaela`,
		male: `Jakub Jan Tomáš Matyáš Ondřej Vojtěch Jiří Zdeněk Václav Miloš Štěpán Luboš Radek Petr Lukáš Martin Řehoř Bořivoj`,
		family: `Novák/Nováková Svoboda/Svobodová Novotný/Novotná Dvořák/Dvořáková Černý/Černá Procházka/Procházková
			Kučera/Kučerová Veselý/Veselá Horák/Horáková Němec/Němcová Pokorný/Pokorná Marek/Marková Pospíšil/Pospíšilová
			Hájek/Hájková Jelínek/Jelínková Král/Králová Růžička/Růžičková Beneš/Benešová Fiala/Fialová Sedláček/Sedláčková
			Doležal/Doležalová Zeman/Zemanová Kolář/Kolářová Krejčí Navrátil/Navrátilová Čermák/Čermáková Vaněk/Vaňková
			Urban/Urbanová Kříž/Křížová Šimek/Šimková Žák/Žáková Říha/Říhová`,
		begins: `Nov Hor Mal Jan Pav Vlad Hav Kub Mich Bar Šim Ond`,
		ends:   `áček/áčková anský/anská ecký/ecká ovský/ovská ák/áková ánek/ánková íček/íčková`,
	},
	{
		code: "BG", name: "Bulgaria", language: "bg-BG", legal: "EOOD", unit: "Central Europe", mobile: "+359 000 ### ###",
		street: "ul. Vodenitsa ##|bul. Slivnitsa 1##|ul. Ivan Vazov #",
		cities: []city{{"Sofia", "Sofia-grad", "1###"}, {"Plovdiv", "Plovdiv", "4###"}, {"Varna", "Varna", "9###"}},
		female: `Maria=Мария Elena=Елена Ivanka=Иванка Desislava=Десислава Gergana=Гергана Tsvetelina=Цветелина Yordanka=Йорданка
			Radka=Радка Silvia=Силвия Zhivka=Живка Borislava=Борислава Kalina=Калина Snezhana=Снежана Ralitsa=Ралица`,
		male: `Ivan=Иван Georgi=Георги Dimitar=Димитър Petar=Петър Nikolay=Николай Hristo=Христо Stoyan=Стоян Plamen=Пламен
			Krasimir=Красимир Zdravko=Здравко Boyan=Боян Yavor=Явор Lyubomir=Любомир Asen=Асен`,
		family: `Ivanov=Иванов/Ivanova=Иванова Georgiev=Георгиев/Georgieva=Георгиева Dimitrov=Димитров/Dimitrova=Димитрова
			Petrov=Петров/Petrova=Петрова Nikolov=Николов/Nikolova=Николова Hristov=Христов/Hristova=Христова
			Stoyanov=Стоянов/Stoyanova=Стоянова Todorov=Тодоров/Todorova=Тодорова Iliev=Илиев/Ilieva=Илиева
			Vasilev=Василев/Vasileva=Василева Atanasov=Атанасов/Atanasova=Атанасова Petkov=Петков/Petkova=Петкова
			Angelov=Ангелов/Angelova=Ангелова Kolev=Колев/Koleva=Колева Yordanov=Йорданов/Yordanova=Йорданова
			Marinov=Маринов/Marinova=Маринова Zhelev=Желев/Zheleva=Желева Tsankov=Цанков/Tsankova=Цанкова
			Shopov=Шопов/Shopova=Шопова Chavdarov=Чавдаров/Chavdarova=Чавдарова`,
		begins: `Rad=Рад Dim=Дим Mil=Мил Bor=Бор Slav=Слав Stan=Стан Vel=Вел Kir=Кир Zlat=Злат Mlad=Млад Dobr=Добр`,
		ends:   `ev=ев/eva=ева ov=ов/ova=ова enov=енов/enova=енова kov=ков/kova=кова oslavov=ославов/oslavova=ославова`,
	},
	{
		code: "GR", name: "Greece", language: "el-GR", legal: "A.E.", unit: "Southern Europe", mobile: "+30 000 ### ####",
		street: "Odos Mylou ##|Leoforos Nikis 1##|Plateia Eleftherias #",
		cities: []city{{"Athina", "Attiki", "10# ##"}, {"Thessaloniki", "Kentriki Makedonia", "54# ##"}, {"Patra", "Dytiki Ellada", "26# ##"}},
		female: `Maria=Μαρία Eleni=Ελένη Katerina=Κατερίνα Vasiliki=Βασιλική Sofia=Σοφία Angeliki=Αγγελική Georgia=Γεωργία
			Dimitra=Δήμητρα Konstantina=Κωνσταντίνα Paraskevi=Παρασκευή Ioanna=Ιωάννα Fotini=Φωτεινή Despina=Δέσποινα Zoi=Ζωή`,
		male: `Georgios=Γεώργιος Dimitrios=Δημήτριος Konstantinos=Κωνσταντίνος Ioannis=Ιωάννης Nikolaos=Νικόλαος
			Christos=Χρήστος Panagiotis=Παναγιώτης Vasileios=Βασίλειος Athanasios=Αθανάσιος Michail=Μιχαήλ
			Evangelos=Ευάγγελος Spyridon=Σπυρίδων Stavros=Σταύρος Thomas=Θωμάς`,
		family: `Papadopoulos=Παπαδόπουλος/Papadopoulou=Παπαδοπούλου Vlachos=Βλάχος/Vlachou=Βλάχου
			Angelopoulos=Αγγελόπουλος/Angelopoulou=Αγγελοπούλου Nikolaidis=Νικολαΐδης/Nikolaidou=Νικολαΐδου
			Georgiou=Γεωργίου Dimopoulos=Δημόπουλος/Dimopoulou=Δημοπούλου Papadakis=Παπαδάκης/Papadaki=Παπαδάκη
			Karagiannis=Καραγιάννης/Karagianni=Καραγιάννη Makris=Μακρής/Makri=Μακρή Pappas=Παππάς/Pappa=Παππά
			Oikonomou=Οικονόμου Antoniou=Αντωνίου Samaras=Σαμαράς/Samara=Σαμαρά Vasileiou=Βασιλείου
			Athanasiadis=Αθανασιάδης/Athanasiadou=Αθανασιάδου Kontos=Κοντός/Kontou=Κοντού Ioannidis=Ιωαννίδης/Ioannidou=Ιωαννίδου
			Galanis=Γαλάνης/Galani=Γαλάνη Alexiou=Αλεξίου Lambrou=Λάμπρου`,
		begins: `Dimitr=Δημητρ Nikol=Νικολ Stavr=Σταυρ Petr=Πετρ Christ=Χριστ Pavl=Παυλ Stath=Σταθ Andr=Ανδρ Kost=Κωστ Manol=Μανωλ`,
		ends:   `opoulos=όπουλος/opoulou=οπούλου akis=άκης/aki=άκη idis=ίδης/idou=ίδου ellis=έλλης/elli=έλλη atos=άτος/atou=άτου`,
	},
	{
		code: "TR", name: "Türkiye", language: "tr-TR", legal: "A.Ş.", unit: "Emerging Markets", mobile: "+90 000 ### ## ##",
		street: "Değirmen Sokak No: ##|Atatürk Caddesi No: 1##|Çınar Yolu No: #",
		cities: []city{{"İstanbul", "İstanbul", "34###"}, {"Ankara", "Ankara", "06###"}, {"İzmir", "İzmir", "35###"}},
		female: `Zeynep Elif Ayşe Fatma Emine Hatice Şule Gülşen Özlem Işıl İpek Çiğdem Nilüfer Büşra Tuğba Yağmur Ece Ümmühan`,
		male:   `Mehmet Mustafa Ahmet Ali Hüseyin İbrahim İsmail Osman Ömer Çağrı Şükrü Ufuk Gökhan Tuğrul Işık Barış Umut Yiğit`,
		family: `Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt
			Özkan Şimşek Polat Korkmaz Çakır Erdoğan Güneş Ünal Bulut İnan Işık Ağaoğlu Gümüş Tekin`,
		begins: `Ak Kara Öz Er Gün Bay Kızıl Demir Sarı Yüce Taş`,
		ends:   `demir taş kaya türk soy bulut oğlu kan gül pınar er ata`,
	},
	{
		code: "IN", name: "India", language: "en-IN", legal: "Pvt. Ltd.", unit: "Asia Pacific", mobile: "+91 00000 #####",
		street: "##, Mill Road|1##/A, Lake View Road|Plot #, Electronics Park|##, 4th Cross, Gandhi Nagar",
		cities: []city{{"Bengaluru", "Karnataka", "5600##"}, {"Pune", "Maharashtra", "4110##"}, {"Hyderabad", "Telangana", "5000##"}},
		female: `Ananya Aditi Priya Divya Kavya Lakshmi Meera Neha Pooja Radhika Shreya Sunita Swati Vidya Anjali Deepika Gayatri
			Harpreet Ishita Jyoti`,
		male: `Aarav Arjun Rohan Rahul Vikram Suresh Ramesh Sanjay Rajesh Karthik Venkatesh Mohammed Aditya Nikhil Pranav
			Gurpreet Siddharth Anil Sunil Manoj`,
		family: `Sharma Verma Gupta Singh Kumar Patel Reddy Nair Iyer Iyengar Menon Rao Naidu Chowdhury Banerjee Mukherjee
			Chatterjee Das Ghosh Joshi Kulkarni Deshpande Patil Mehta Shah Agarwal Bhatt Pillai Krishnan Subramanian
			Venkataraman Khan Kaur D'Souza Fernandes Bose`,
		begins: `Rama Krishna Venkata Lakshmi Hari Shiva Raghu Bala Jaya Siva`,
		ends:   `nathan murthy swamy rajan kumar chandran mani das moorthy prasad`,
	},
	{
		code: "JP", name: "Japan", language: "ja-JP", legal: "K.K.", unit: "Asia Pacific", mobile: "+81 000 #### ####", familyFirst: true,
		street: "#-##-# Mizuguruma|#-#-## Sakuramachi|##-# Ekimae",
		cities: []city{{"Tokyo", "Tokyo", "10#-00##"}, {"Osaka", "Osaka", "53#-00##"}, {"Sapporo", "Hokkaido", "06#-00##"}},
		female: `Yui=結衣 Hina=陽菜 Sakura=さくら Yuko=優子 Keiko=恵子 Aya=彩 Misaki=美咲 Naoko=直子 Haruka=遥 Emi=恵美 Akiko=明子
			Tomoko=智子 Mai=舞 Rina=里奈`,
		male: `Haruto=陽翔 Sota=颯太 Ren=蓮 Hiroshi=浩 Takashi=隆 Kenji=健二 Daisuke=大輔 Kazuki=和樹 Yuta=雄太 Shota=翔太
			Naoki=直樹 Makoto=誠 Jun'ichi=純一 Ryo=亮`,
		family: `Sato=佐藤 Suzuki=鈴木 Takahashi=高橋 Tanaka=田中 Ito=伊藤 Watanabe=渡辺 Yamamoto=山本 Nakamura=中村 Kobayashi=小林
			Kato=加藤 Yoshida=吉田 Yamada=山田 Sasaki=佐々木 Yamaguchi=山口 Matsumoto=松本 Inoue=井上 Kimura=木村 Hayashi=林
			Saito=斎藤 Shimizu=清水 Yamazaki=山崎 Mori=森 Abe=阿部 Ikeda=池田 Hashimoto=橋本 Ishikawa=石川 Ogawa=小川
			Okada=岡田 Hasegawa=長谷川 Fujita=藤田`,
		begins: `Yama=山 Kawa=川 Matsu=松 Ishi=石 Naka=中 Ko=小 Taka=高 Kita=北 Nishi=西 Fuji=藤 Mura=村 Mori=森`,
		ends:   `da=田 moto=本 mura=村 no=野 hara=原 sawa=沢 shima=島 zaki=崎 yama=山 kawa=川 guchi=口`,
	},
}
