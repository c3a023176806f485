"""What redaction does not find: the report says it beside what was found."""

from __future__ import annotations

from typing import NamedTuple


class Gap(NamedTuple):
    """One kind of private data that is left in, in English and in French."""

    english: str
    french: str


NOT_COVERED: tuple[Gap, ...] = (
    Gap(
        "Names of people who do not take part in the conversation and whom no list names.",
        "Les noms des personnes qui ne participent pas à la conversation et qu'aucune liste ne donne.",
    ),
    Gap(
        "First names written in lower case, unless someone is addressed by them; nicknames and "
        "misspelt names.",
        "Les prénoms écrits en minuscules, sauf en apostrophe ; les surnoms et les noms mal écrits.",
    ),
    Gap(
        "Names that are also words, months, places or brands (Rose, Will, Pierre, Paris), where a "
        "sentence begins with them.",
        "Les noms qui sont aussi des mots, des mois, des lieux ou des marques (Rose, Pierre, Paris), "
        "en début de phrase.",
    ),
    Gap("Parts of a name of one or two letters.", "Les parties de nom d'une ou deux lettres."),
    Gap(
        "Postal addresses, towns, postcodes, coordinates.",
        "Les adresses postales, les villes, les codes postaux, les coordonnées.",
    ),
    Gap(
        "Dates of birth, ages, health, beliefs, employers: anything that tells who someone is "
        "without naming them.",
        "Les dates de naissance, l'âge, la santé, les convictions, l'employeur : ce qui désigne "
        "quelqu'un sans le nommer.",
    ),
    Gap(
        "Customer, order, ticket, policy and passport numbers, licence plates, account numbers other "
        "than IBAN.",
        "Les numéros de client, de commande, de dossier, de contrat, de passeport, les plaques, les "
        "comptes hors IBAN.",
    ),
    Gap(
        "Phone numbers of regions that are not listed, written without country code and without a "
        "word such as 'tel' near them; numbers of fewer than 7 digits; numbers in words.",
        "Les téléphones de régions non listées, sans indicatif ni mot comme « tél. » à côté ; ceux "
        "de moins de 7 chiffres ; ceux écrits en lettres.",
    ),
    Gap(
        "Identity numbers of other countries than France and the United States.",
        "Les numéros d'identité d'autres pays que la France et les États-Unis.",
    ),
    Gap(
        "Private IP addresses (192.168.x.x) and addresses of public resolvers: they are kept on purpose; "
        "addresses that read like a version (3.14.15.92) with no word such as 'server' near them.",
        "Les adresses IP privées (192.168.x.x) et celles des résolveurs publics : elles restent à dessein ; "
        "celles qui se lisent comme une version (3.14.15.92) sans mot comme « serveur » à côté.",
    ),
    Gap(
        "@names of accounts, unless the kind 'handle' is switched on or the account is an author.",
        "Les @noms de compte, sauf si la sorte « handle » est demandée ou si le compte est un auteur.",
    ),
    Gap(
        "Web addresses that lead to a person's page; passwords not announced by a word such as 'password'.",
        "Les adresses web qui mènent à la page d'une personne ; les mots de passe qu'aucun mot n'annonce.",
    ),
    Gap(
        "Values in base64, in pictures, in files that are attached, or cut in two by other text.",
        "Les valeurs en base64, dans les images, dans les pièces jointes, ou coupées en deux par un "
        "autre texte.",
    ),
)
"""Each gap once; the order is that of the report."""
