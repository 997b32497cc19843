"""Names of carriers, firms and streets as sellers type them, by language; and the encodings they come in."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "de": "Kurier Müller|Größe & Söhne Logistik|Österreichische Post|Bäckerstraße 5|Übergabe Köln|"
    "Fährverkehr Rügen|GRÜNE LOGISTIK GMBH|Schließfach München|Paketdienst Düsseldorf|Königsallee|"
    "Lübecker Straße|Jäger Spedition",
    "fr": "Transports Très Vite|Colis Privé|Livraison à domicile|Coursier Hélène|Société Générale de Fret|"
    "FRÈRES FOURNIER|Messagerie d’Île|Rue de l'Évêché|Boîte postale|Château-Thierry Fret|Garçon Coursier|"
    "Noël Express",
    "es": "Mensajería Rápida|Envíos Peña|Correos España|Logística del Niño|Compañía Marítima|Señor Muñoz|"
    "TRANSPORTES LEÓN|Calle Cádiz|Paquetería Ibáñez|Avenida de la Constitución|Añover Express|"
    "Camión Bilbao",
    "pt": "TRANSPORTAÇÃO RÁPIDA|Encomendas São João|Correios do Sertão|Expedição Lisboa|Logística Conceição|"
    "Entregas Guimarães|Mensageiro Simões|Distribuição Açores|Praça da República|Transportadora Brandão|"
    "Ação Expressa",
    "it": "Corriere Università|Spedizioni Velocità|Città Espressa|Consegna più rapida|Società Trasporti|"
    "Qualità Corriere|Perché Corri|Via della Libertà|Logistica Novità|Forlì Express",
    "sv": "Åkeri Götene|Budbilen Malmö|Västerås Frakt|Snabb Leverans Örebro|Ängelholms Bud|Lövåsgatan 4|"
    "Sjöfrakt Gävle|Paketbåten Öland|Kvällsbudet|Spårvägen",
    "da": "Fragtmænd Ærø|Køge Bud|Pakkeshop Nørrebro|Sømænd Fragt|Århus Transport|Strækningen|Grønne Bude|Søndergade 3",
    "fi": "PÄÄPOSTI OY|Kuljetus Mäkinen|Jyväskylän Lähetti|Pikalähetys Hämeenlinna|"
    "Tampereen Kuljetusliike Järvinen|Äänekosken Rahti|Yö ja Päivä|Löytönen Oy",
    "pl": "Kurier Żółw|Przesyłka Łódź|Poczta Kielce Główna|Wrocław Spółdzielnia|Świętokrzyska Paczka|"
    "Paczka w Ruchu Śląsk|Zielona Góra Kurier|Gdańsk Doręczenia|Częstochowa Transport|Żegluga Świnoujście|"
    "Rzeszów Ekspres|Ląd i Morze",
    "cs": "Přeprava Dvořák|Česká zásilkovna|Kurýr Brno Židenice|Doručení do ruky|Rychlá pošta Plzeň|"
    "Balíkovna Říčany|Spediční služba|Žižkov Kurýr|Zásilky Šimánek|Hradec Králové Doprava|Příbram",
    "hu": "Gyors Futárszolgálat|Szállítás Őrség|Csomagküldő Győr|Házhozszállítás|Székesfehérvár Futár|"
    "Működő Küldemény|Köztársaság útja|Küldöncszolgálat|Debreceni Szállító",
    "ru": "Почта России|Доставка Москва|Быстрый курьер|Служба экспедиции|Деловые Линии|Транспортная компания|"
    "Пункт выдачи|Грузоперевозки Казань|СДЭК Новосибирск|Ускоренная доставка|Посылка",
    "tr": "Şirket Taşımacılık|Hızlı Kargo Üsküdar|Çağrı Kurye|Yurtiçi Dağıtım|Güneş Taşıma|Beşiktaş Şubesi|"
    "İstanbul Kurye|Öğretmen Kargo|Ağır Yük Nakliye|Doğu Ekspres|Kapıya Teslim Gönderi|Işık Kargo",
    "ja": "ヤマト運輸|佐川急便|日本郵便|福山通運|西濃運輸|ゆうパック|宅配便|東京都千代田区|株式会社サンプル|"
    "国際宅急便|クール便|大阪物流センター",
    "zh_Hans": "顺丰速运|圆通速递|中通快递|申通快递|韵达快递|邮政包裹|深圳市物流公司|广州快递服务|德邦物流|京东快递|"
    "百世汇通|上海浦东新区",
    "zh_Hant": "黑貓宅急便|新竹物流|中華郵政|順豐速運|宅配通|臺北市信義區|國際快遞|嘉里大榮物流|高雄港務公司|便利帶|"
    "郵局包裹|統一速達",
    "ko": "한진택배|우체국택배|대한통운|로젠택배|롯데글로벌로지스|경동택배|서울특별시 강남구|국제특송|빠른배송|"
    "천일택배|부산물류센터|합동택배",
}
LISTED: Final = {language: tuple(words.split("|")) for language, words in WORDS.items()}
WESTERN: Final = ("de", "fr", "es", "pt", "it", "sv", "da", "fi")
EVERY: Final = tuple(LISTED)
ENCODINGS: Final = {
    "utf-8": EVERY,
    "utf-8-sig": EVERY,
    "utf-16": EVERY,
    "utf-16-le": EVERY,
    "cp1252": WESTERN,
    "iso8859-15": WESTERN,
    "mac_roman": WESTERN,
    "cp850": WESTERN,
    "cp1250": ("pl", "cs", "hu"),
    "cp1251": ("ru",),
    "cp1254": ("tr",),
    "cp932": ("ja",),
    "gbk": ("zh_Hans",),
    "big5": ("zh_Hant",),
    "euc-kr": ("ko",),
}
