"""The fixed words of receipts, in one table. A language that lacks a word does not load."""

from __future__ import annotations

from collections.abc import Mapping

from tillvault.cash.takings.domain import PaymentMethod
from tillvault.sales.receipts.domain import Language

# English, French, Spanish, Khmer.
_TABLE: Mapping[str, tuple[str, str, str, str]] = {
    "receipt": ("Receipt", "Ticket", "Recibo", "បង្កាន់ដៃ"),
    "refund": ("Refund", "Remboursement", "Devolución", "ការសងប្រាក់វិញ"),
    "refund_of": ("Refund of receipt", "Remboursement du ticket", "Devolución del recibo", "សងប្រាក់តាមបង្កាន់ដៃលេខ"),
    "register": ("Register", "Caisse", "Caja", "ម៉ាស៊ីនគិតលុយ"),
    "cashier": ("Cashier", "Caissier", "Cajero", "អ្នកគិតលុយ"),
    "date": ("Date", "Date", "Fecha", "កាលបរិច្ឆេទ"),
    "discount": ("Discount", "Remise", "Descuento", "បញ្ចុះតម្លៃ"),
    "discounts": ("of which discounts", "dont remises", "descuentos incluidos", "បញ្ចុះតម្លៃសរុប"),
    "goods": ("Goods", "Articles", "Artículos", "ទំនិញ"),
    "donation": ("Donation", "Don", "Donativo", "ការបរិច្ចាគ"),
    "rounding": ("Cash rounding", "Arrondi espèces", "Redondeo en efectivo", "ការបង្គត់សាច់ប្រាក់"),
    "total": ("TOTAL", "TOTAL", "TOTAL", "សរុប"),
    "tax": ("Tax", "TVA", "IVA", "ពន្ធ"),
    "net": ("Net", "HT", "Base", "មុនពន្ធ"),
    "gross": ("Incl. tax", "TTC", "Con IVA", "រួមពន្ធ"),
    "change": ("Change", "Rendu", "Cambio", "ប្រាក់អាប់"),
    "rate": ("Exchange rate", "Taux de change", "Tipo de cambio", "អត្រាប្តូរប្រាក់"),
    "CASH": ("Cash", "Espèces", "Efectivo", "សាច់ប្រាក់"),
    "CARD": ("Card", "Carte", "Tarjeta", "កាត"),
    "CHECK": ("Check", "Chèque", "Cheque", "មូលប្បទានប័ត្រ"),
    "QR": ("QR payment", "Paiement QR", "Pago QR", "ទូទាត់តាម QR"),
    "TRANSFER": ("Transfer", "Virement", "Transferencia", "ផ្ទេរប្រាក់"),
    "VOUCHER": ("Voucher", "Bon", "Vale", "ប័ណ្ណទូទាត់"),
    "duplicate": ("DUPLICATE No.", "DUPLICATA n°", "DUPLICADO n.º", "ច្បាប់ចម្លងលេខ"),
    "preview": (
        "PREVIEW · NOT A RECEIPT",
        "APERÇU · PAS UN TICKET",
        "VISTA PREVIA · NO ES UN RECIBO",
        "មើលជាមុន · មិនមែនបង្កាន់ដៃ",
    ),
    "electronic": ("ELECTRONIC COPY", "COPIE ÉLECTRONIQUE", "COPIA ELECTRÓNICA", "ច្បាប់អេឡិចត្រូនិក"),
    "printed": ("Printed", "Imprimé", "Impreso", "បោះពុម្ព"),
    "ledger": ("Ledger", "Registre", "Registro", "បញ្ជី"),
    "pending": ("on its way", "en cours", "en camino", "កំពុងបញ្ជូន"),
    "fingerprint": ("Fingerprint", "Empreinte", "Huella", "ស្នាមម្រាមដៃ"),
    "scan": ("Scan to check", "Scanner pour vérifier", "Escanee para comprobar", "ស្កេនដើម្បីផ្ទៀងផ្ទាត់"),
    "proof": ("Download the proof", "Télécharger la preuve", "Descargar la prueba", "ទាញយកភស្តុតាង"),
    "keys": ("Public keys", "Clés publiques", "Claves públicas", "សោសាធារណៈ"),
    "check": (
        "Anyone can check this receipt without asking the shop: download both files, then run",
        "Chacun peut vérifier ce ticket sans rien demander au magasin : télécharger les deux fichiers, puis lancer",
        "Cualquiera puede comprobar este recibo sin preguntar a la tienda: descargue los dos archivos y ejecute",
        "អ្នកណាក៏អាចផ្ទៀងផ្ទាត់បង្កាន់ដៃនេះបានដោយមិនបាច់សួរហាង៖ ទាញយកឯកសារទាំងពីរ រួចដំណើរការ",
    ),
}

WORDS: Mapping[Language, Mapping[str, str]] = {
    language: {word: forms[column] for word, forms in _TABLE.items()}
    for column, language in enumerate((Language.EN, Language.FR, Language.ES, Language.KM))
}


def word(language: Language, name: str | PaymentMethod) -> str:
    return WORDS[language][str(name)]
