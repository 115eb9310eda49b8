/**
 * Where the invented people live: names, streets and towns by country. Telephone numbers come from
 * the ranges that each country keeps for fiction (NANP 555-01xx, Ofcom's and ARCEP's drama numbers,
 * the Bundesnetzagentur's), so that none of them can ring anywhere.
 */
export type Country = Readonly<{
  code: string
  name: string
  zone: string
  givenNames: readonly string[]
  familyNames: readonly string[]
  streets: readonly string[]
  towns: readonly (readonly [town: string, postalCode: string])[]
  /** The national number of the n-th person of the country, and how many there are. */
  phone: Readonly<{ countryCode: string; national: (n: number) => string; numbers: number }> | null
  /** How many of 100 people come from here. */
  share: number
}>

const pad = (n: number, digits: number) => String(n).padStart(digits, '0')
const areas = ['415', '510', '650', '408', '212', '646', '312', '206', '503', '617', '305', '512']

export const countries: readonly Country[] = [
  {
    code: 'US',
    name: 'United States',
    zone: 'America/Los_Angeles',
    givenNames: [
      ...['Ann', 'Maria', 'James', 'Keisha', 'Robert', 'Linda', 'Tyrone', 'Susan', 'Miguel'],
      ...['Grace', 'Walter', 'Priya', 'Daniel', 'Mei', 'Olivia', 'Hector', 'Naomi', 'Owen'],
    ],
    familyNames: [
      ...["O'Neill", 'Johnson', 'Garcia', 'Washington', 'Nguyen', 'Smith-Lopez', 'Kowalski'],
      ...['Brooks', 'Chen', 'Davis', 'Rivera', 'Patel', 'McAllister', 'Freeman', 'Begay'],
    ],
    streets: ['Elm Street', 'Market St.', 'W 3rd Ave, Apt #4', 'Old Mill Road', 'Bayview Blvd'],
    towns: [
      ['San Francisco', '94103'],
      ['Oakland', '94607'],
      ['Portland', '97205'],
      ['Chicago', '60614'],
      ['Brooklyn', '11215'],
    ],
    phone: {
      countryCode: '1',
      national: (n) => `(${areas[Math.floor(n / 100)]}) 555-01${pad(n % 100, 2)}`,
      numbers: areas.length * 100,
    },
    share: 46,
  },
  {
    code: 'GB',
    name: 'United Kingdom',
    zone: 'Europe/London',
    givenNames: ['Siân', 'Oliver', 'Aisha', 'Fiona', 'Hamish', 'Zoë', 'Gareth', 'Imogen', 'Kwame'],
    familyNames: ['Llewellyn', 'Hughes', 'Okafor', 'MacDonald', 'Featherstone', 'Singh', 'Byrne'],
    streets: ['High Street', "St John's Lane", 'Flat 2b, The Crescent', 'Station Road'],
    towns: [
      ['London', 'N1 9GU'],
      ['Cardiff', 'CF10 1AA'],
      ['Edinburgh', 'EH1 1YZ'],
    ],
    phone: { countryCode: '44', national: (n) => `07700 900${pad(n, 3)}`, numbers: 1000 },
    share: 14,
  },
  {
    code: 'DE',
    name: 'Germany',
    zone: 'Europe/Berlin',
    givenNames: ['Jürgen', 'Käthe', 'Anneliese', 'Björn', 'Mehmet', 'Sören', 'Lena', 'Uwe'],
    familyNames: ['Müller', 'Groß', 'Schäfer', 'Yılmaz', 'von der Heide', 'Weiß', 'König'],
    streets: ['Hauptstraße', 'Am Alten Markt', 'Münchner Straße', 'Lindenweg'],
    towns: [
      ['Berlin', '10115'],
      ['Köln', '50667'],
      ['München', '80331'],
    ],
    phone: { countryCode: '49', national: (n) => `030 23125 ${pad(n, 3)}`, numbers: 1000 },
    share: 10,
  },
  {
    code: 'FR',
    name: 'France',
    zone: 'Europe/Paris',
    givenNames: ['Éloïse', 'François', 'Noémie', 'Théo', 'Amina', 'Jean-Baptiste', 'Cécile'],
    familyNames: ['Lefèvre', "D'Arc-Martin", 'Benoît', 'Traoré', 'Dubois', 'Leœuf', 'Gonçalves'],
    streets: ['rue de la République', "allée de l'Église", 'boulevard Saint-Michel'],
    towns: [
      ['Paris', '75011'],
      ['Lyon', '69002'],
      ['Orléans', '45000'],
    ],
    phone: {
      countryCode: '33',
      national: (n) => `01 99 00 ${pad(Math.floor(n / 100), 2)} ${pad(n % 100, 2)}`,
      numbers: 1000,
    },
    share: 8,
  },
  {
    code: 'BR',
    name: 'Brazil',
    zone: 'America/Sao_Paulo',
    givenNames: ['João', 'Conceição', 'Luísa', 'Thiago', 'Márcia', 'Antônio'],
    familyNames: ['da Silva', 'Araújo', 'Gonçalves', 'dos Santos', 'Brandão'],
    streets: ['Rua das Acácias', 'Avenida São João', 'Travessa do Comércio'],
    towns: [
      ['São Paulo', '01310-100'],
      ['Brasília', '70040-010'],
    ],
    phone: null,
    share: 6,
  },
  {
    code: 'PL',
    name: 'Poland',
    zone: 'Europe/Warsaw',
    givenNames: ['Łukasz', 'Małgorzata', 'Wojciech', 'Zofia', 'Paweł', 'Agnieszka'],
    familyNames: ['Wójcik', 'Żak', 'Kamińska', 'Dąbrowski', 'Nowak', 'Śliwa'],
    streets: ['ul. Długa', 'ul. Święty Marcin', 'Aleje Jerozolimskie'],
    towns: [
      ['Łódź', '90-001'],
      ['Kraków', '30-001'],
    ],
    phone: null,
    share: 5,
  },
  {
    code: 'JP',
    name: 'Japan',
    zone: 'Asia/Tokyo',
    givenNames: ['花子', '太郎', '美咲', '健一', 'さくら', '大輔'],
    familyNames: ['佐藤', '鈴木', '高橋', '渡辺', '髙木', '山本'],
    streets: ['千代田区丸の内', '中京区寺町通', '中央区銀座'],
    towns: [
      ['東京', '100-0005'],
      ['京都', '604-0911'],
    ],
    phone: null,
    share: 4,
  },
  {
    code: 'SE',
    name: 'Sweden',
    zone: 'Europe/Stockholm',
    givenNames: ['Åsa', 'Östen', 'Märta', 'Linnéa', 'Gösta', 'Ingrid'],
    familyNames: ['Ångström', 'Sjöberg', 'Hällström', 'Lindqvist', 'Öberg'],
    streets: ['Södra vägen', 'Åsgatan', 'Kungsgatan'],
    towns: [
      ['Göteborg', '411 04'],
      ['Malmö', '211 20'],
    ],
    phone: null,
    share: 4,
  },
  {
    code: 'IN',
    name: 'India',
    zone: 'Asia/Kolkata',
    givenNames: ['Lakshmi', 'Arjun', 'Fatima', 'Ravi', 'Ananya', 'अमित'],
    familyNames: ['Iyer', 'Khan', 'Chatterjee', 'Reddy', 'शर्मा'],
    streets: ['M.G. Road', 'Nehru Place, 2nd floor', 'Park Street'],
    towns: [
      ['Chennai', '600001'],
      ['Mumbai', '400001'],
    ],
    phone: null,
    share: 3,
  },
]
