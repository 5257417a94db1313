"""The fixed words of reports, beside those that receipts have already."""

from __future__ import annotations

from collections.abc import Mapping

from tillvault.sales.receipts import translations as receipts
from tillvault.sales.receipts.domain import Language

_TABLE: Mapping[str, tuple[str, str, str, str]] = {
    # For each word: English, French, Spanish, Khmer.
    "X": ("X report", "Rapport X", "Informe X", "របាយការណ៍ X"),
    "Z": ("Z report", "Rapport Z", "Informe Z", "របាយការណ៍ Z"),
    "number": ("Number", "Numéro", "Número", "លេខ"),
    "day": ("Business day", "Journée", "Día comercial", "ថ្ងៃអាជីវកម្ម"),
    "opened": ("Opened", "Ouverture", "Apertura", "បើក"),
    "opened_by": ("Opened by", "Ouverte par", "Abierta por", "បើកដោយ"),
    "closed": ("Closed", "Clôture", "Cierre", "បិទ"),
    "made": ("Made", "Établi", "Emitido", "បង្កើត"),
    "note": ("Note", "Note", "Nota", "កំណត់ចំណាំ"),
    "reason": ("Reason", "Motif", "Motivo", "មូលហេតុ"),
    "drawer": ("Drawer", "Tiroir-caisse", "Cajón", "ថតលុយ"),
    "currency": ("Currency", "Devise", "Moneda", "រូបិយប័ណ្ណ"),
    "openingFloat": ("Opening float", "Fonds de caisse", "Fondo inicial", "ប្រាក់ដើម"),
    "totalSalesCash": ("Cash sales", "Ventes en espèces", "Ventas en efectivo", "លក់ជាសាច់ប្រាក់"),
    "totalRefunds": ("Refunds", "Remboursements", "Devoluciones", "សងប្រាក់វិញ"),
    "totalPaidIn": ("Paid in", "Entrées", "Entradas", "ប្រាក់ចូល"),
    "totalPaidOut": ("Paid out", "Sorties", "Salidas", "ប្រាក់ចេញ"),
    "totalAdjustments": ("Adjustments", "Corrections", "Ajustes", "ការកែតម្រូវ"),
    "totalSafeDrops": ("Safe drops", "Remises au coffre", "Retiros a caja fuerte", "ដាក់ទូដែក"),
    "expectedCash": ("Expected", "Attendu", "Esperado", "រំពឹងទុក"),
    "countedCash": ("Counted", "Compté", "Contado", "បានរាប់"),
    "variance": ("Difference", "Écart", "Diferencia", "គម្លាត"),
    "leftCash": ("Left in the drawer", "Laissé en caisse", "Dejado en el cajón", "ទុកក្នុងថតលុយ"),
    "removedCash": ("Removed", "Retiré", "Retirado", "ដកចេញ"),
    "takings": ("Takings", "Recettes", "Ingresos", "ចំណូល"),
    "sales": ("Sales", "Ventes", "Ventas", "ការលក់"),
    "refunds": ("Refunds", "Remboursements", "Devoluciones", "សងប្រាក់វិញ"),
    "discounts": ("Discounts", "Remises", "Descuentos", "បញ្ចុះតម្លៃ"),
    "count": ("Count", "Nombre", "Cantidad", "ចំនួន"),
    "amount": ("Amount", "Montant", "Importe", "ចំនួនទឹកប្រាក់"),
    "by_method": ("By payment method", "Par moyen de paiement", "Por forma de pago", "តាមវិធីទូទាត់"),
    "by_tax": ("By tax rate", "Par taux de TVA", "Por tipo de IVA", "តាមអត្រាពន្ធ"),
    "by_category": ("By category", "Par catégorie", "Por categoría", "តាមប្រភេទ"),
    "method": ("Method", "Moyen", "Forma", "វិធី"),
    "rate": ("Rate %", "Taux %", "Tipo %", "អត្រា %"),
    "category": ("Category", "Catégorie", "Categoría", "ប្រភេទ"),
    "quantity": ("Quantity", "Quantité", "Cantidad", "បរិមាណ"),
    "none": ("None", "Aucune", "Ninguna", "គ្មាន"),
    "perpetual": ("Perpetual totals", "Totaux perpétuels", "Totales perpetuos", "សរុបបន្ត"),
    "movements": ("Movements", "Mouvements", "Movimientos", "ចលនា"),
    "shown": ("shown: {shown} of {total}", "affichés : {shown} sur {total}", "mostrados: {shown} de {total}",
              "បង្ហាញ {shown} ក្នុងចំណោម {total}"),
    "time": ("Time", "Heure", "Hora", "ពេល"),
    "type": ("Type", "Type", "Tipo", "ប្រភេទ"),
    "status": ("Status", "État", "Estado", "ស្ថានភាព"),
    "by": ("By", "Par", "Por", "ដោយ"),
    "SALE_CASH": ("Sale", "Vente", "Venta", "លក់"),
    "REFUND_CASH": ("Refund", "Remboursement", "Devolución", "សងប្រាក់"),
    "PAID_IN": ("Paid in", "Entrée", "Entrada", "ប្រាក់ចូល"),
    "PAID_OUT": ("Paid out", "Sortie", "Salida", "ប្រាក់ចេញ"),
    "ADJUSTMENT": ("Adjustment", "Correction", "Ajuste", "កែតម្រូវ"),
    "SAFE_DROP": ("Safe drop", "Remise au coffre", "Retiro", "ដាក់ទូដែក"),
    "APPROVED": ("Approved", "Approuvé", "Aprobado", "បានអនុម័ត"),
    "PENDING": ("Waiting", "En attente", "Pendiente", "កំពុងរង់ចាំ"),
    "DECLINED": ("Declined", "Refusé", "Rechazado", "បានបដិសេធ"),
}  # fmt: skip

_WORDS: Mapping[Language, Mapping[str, str]] = {
    language: {word: forms[column] for word, forms in _TABLE.items()}
    for column, language in enumerate((Language.EN, Language.FR, Language.ES, Language.KM))
}


def word(language: Language, name: str) -> str:
    known = _WORDS[language].get(name)
    return receipts.word(language, name) if known is None else known
