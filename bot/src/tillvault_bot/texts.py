"""What the bot says, in French, English and Spanish. A test holds that the three say the same things."""

from __future__ import annotations

from collections.abc import Mapping

from tillvault_bot.shapes import Language

EN: Mapping[str, str] = {
    "welcome": "Hello {name}. I take deposits by text or voice: send /depot. /help shows all I can do.",
    "linked": "Hello {name}, this account is now yours at Tillvault. Send /depot to tell me what came in.",
    "stranger": "I work for the people of a shop only. Get a code at the desk (your account, Telegram), then send "
    "/start and the code.",
    "code_wrong": "This code is not known, was used, or is too old. Get a new one at the desk.",
    "code_throttled": "Too many wrong codes. Wait a while, then try again.",
    "help": "/depot – tell me what came in, by text or voice\n/cancel – stop that\n/caisse – open drawers\n"
    "/stats – this month's deposits\n/help – this list",
    "what": "What came in? Write it or say it, for example: 2 microwaves 15 kg",
    "heard": "I heard: {text}",
    "voice_unavailable": "I cannot listen at present. Please type it.",
    "voice_unreadable": "I could not make out any words. Say it again, or type it.",
    "voice_too_long": "That recording is too long. At most two minutes, please.",
    "text_wanted": "Please answer with text.",
    "quantity": "How many? Choose, or write a number.",
    "quantity_wrong": "A whole number from 1 to 10,000, please.",
    "weight": "What does all of it weigh together, in kilos? For example: 12.5",
    "weight_wrong": "I need a weight such as 12.5 or 800 g.",
    "category": "What is it?",
    "category_unsure": "I am not sure what it is. Please choose.",
    "other": "Something else …",
    "branch": "Where did it come in?",
    "elsewhere": "Another branch …",
    "confirm": "{quantity} × {description}\n{weight}\n{category}{branch}\n\nShall I record it?",
    "yes": "Record it",
    "cancel": "Cancel",
    "recorded": "Recorded: {quantity} × {description}, {weight}. It waits for validation at the desk.",
    "cancelled": "Cancelled. Nothing was recorded.",
    "nothing_to_cancel": "There is nothing to cancel.",
    "timed_out": "You did not answer for a while, so I stopped. Nothing was recorded. /depot begins again.",
    "stale": "This button is out of date.",
    "begin": "Send /depot to tell me what came in, or /help.",
    "down": "Tillvault does not answer at present. I keep what you send me and go on when it is back.",
    "back": "Tillvault answers again; I go on where we were.",
    "refused": "That was refused: {message}",
    "failed": "Tillvault fails at what you sent: it was not done. Tell whoever looks after it, and try again later.",
    "no_drawers": "No drawer is open.",
    "drawers": "Open drawers:",
    "drawer": "{register}: {name}, since {since}",
    "expected": "should hold {amount}",
    "no_register": "without a register",
    "hours": "{hours} h {minutes:02d}",
    "stats": "Deposits since {since}:",
    "stats_line": "{category}: {quantity} pieces, {weight}",
    "stats_pending": "{count} wait for validation.",
    "stats_none": "Nothing was brought in this month yet.",
    "alert_VARIANCE": "⚠ {register}: the drawer of {name} ({date}) was closed with a difference: {variance}.",
    "alert_FORCE_CLOSED": "⚠ {register}: the drawer of {name} ({date}) was closed by somebody else: {reason}. "
    "Difference: {variance}.",
    "alert_OPEN_PAST_CUTOFF": "⚠ {register}: the drawer of {name} ({date}) is still open after the end of its day.",
    "alert_VAULT": "⚠ The vault refuses to sign its log. Have somebody look at the server at once.",
    "alert_VAULT_BROKEN": "⚠ A check found the vault's log broken{entry}: {reason}. Have somebody look at the "
    "server at once.",
    "vault_entry": " at entry {index}",
    "acknowledge": "Acknowledge",
    "ask_recount": "Ask for a recount",
    "acknowledged": "✔ Acknowledged by {name}.",
    "recount_asked": "↻ {name} asked for a recount.",
    "recount_told": " {person} was told.",
    "recount_untold": " {person} has no Telegram account: tell them.",
    "recount_wanted": "{name} asks you to count the drawer on {register} ({date}) again.",
    "settled": "This was settled already.",
    "own_close": "You closed this drawer yourself: somebody else must look at it.",
}

FR: Mapping[str, str] = {
    "welcome": "Bonjour {name}. Je note les dépôts, écrits ou dits : envoyez /depot. /help montre tout ce que je sais "
    "faire.",
    "linked": "Bonjour {name}, ce compte est désormais le vôtre chez Tillvault. Envoyez /depot pour me dire ce qui est "
    "arrivé.",
    "stranger": "Je ne travaille que pour l'équipe d'un magasin. Demandez un code au bureau (votre compte, Telegram), "
    "puis envoyez /start et le code.",
    "code_wrong": "Ce code est inconnu, déjà utilisé ou trop vieux. Demandez-en un nouveau au bureau.",
    "code_throttled": "Trop de codes faux. Attendez un peu, puis réessayez.",
    "help": "/depot – dites-moi ce qui est arrivé, par écrit ou par la voix\n/annuler – arrêter\n"
    "/caisse – les caisses ouvertes\n/stats – les dépôts du mois\n/help – cette liste",
    "what": "Qu'est-ce qui est arrivé ? Écrivez-le ou dites-le, par exemple : 2 micro-ondes 15 kg",
    "heard": "J'ai entendu : {text}",
    "voice_unavailable": "Je ne peux pas écouter en ce moment. Écrivez-le, s'il vous plaît.",
    "voice_unreadable": "Je n'ai pas compris de mots. Redites-le, ou écrivez-le.",
    "voice_too_long": "Cet enregistrement est trop long : deux minutes au plus.",
    "text_wanted": "Répondez par écrit, s'il vous plaît.",
    "quantity": "Combien ? Choisissez ou écrivez un nombre.",
    "quantity_wrong": "Un nombre entier de 1 à 10 000, s'il vous plaît.",
    "weight": "Combien pèse le tout, en kilos ? Par exemple : 12,5",
    "weight_wrong": "Il me faut un poids, comme 12,5 ou 800 g.",
    "category": "Qu'est-ce que c'est ?",
    "category_unsure": "Je ne suis pas sûr de ce que c'est. Choisissez, s'il vous plaît.",
    "other": "Autre chose …",
    "branch": "Où est-ce arrivé ?",
    "elsewhere": "Une autre boutique …",
    "confirm": "{quantity} × {description}\n{weight}\n{category}{branch}\n\nJe l'enregistre ?",
    "yes": "Enregistrer",
    "cancel": "Annuler",
    "recorded": "Enregistré : {quantity} × {description}, {weight}. Il attend la validation au bureau.",
    "cancelled": "Annulé. Rien n'a été enregistré.",
    "nothing_to_cancel": "Il n'y a rien à annuler.",
    "timed_out": "Sans réponse de votre part, j'ai arrêté. Rien n'a été enregistré. /depot recommence.",
    "stale": "Ce bouton n'est plus valable.",
    "begin": "Envoyez /depot pour me dire ce qui est arrivé, ou /help.",
    "down": "Tillvault ne répond pas en ce moment. Je garde ce que vous m'envoyez et je continue à son retour.",
    "back": "Tillvault répond à nouveau ; je reprends où nous en étions.",
    "refused": "C'est refusé : {message}",
    "failed": "Tillvault échoue à ce que vous avez envoyé : ce n'est pas fait. Prévenez la personne qui s'en occupe, "
    "et réessayez plus tard.",
    "no_drawers": "Aucune caisse n'est ouverte.",
    "drawers": "Caisses ouvertes :",
    "drawer": "{register} : {name}, depuis {since}",
    "expected": "devrait contenir {amount}",
    "no_register": "sans poste",
    "hours": "{hours} h {minutes:02d}",
    "stats": "Dépôts depuis le {since} :",
    "stats_line": "{category} : {quantity} pièces, {weight}",
    "stats_pending": "{count} en attente de validation.",
    "stats_none": "Rien n'est encore arrivé ce mois-ci.",
    "alert_VARIANCE": "⚠ {register} : la caisse de {name} ({date}) a été fermée avec un écart : {variance}.",
    "alert_FORCE_CLOSED": "⚠ {register} : la caisse de {name} ({date}) a été fermée par quelqu'un d'autre : {reason}. "
    "Écart : {variance}.",
    "alert_OPEN_PAST_CUTOFF": "⚠ {register} : la caisse de {name} ({date}) est encore ouverte après la fin de sa "
    "journée.",
    "alert_VAULT": "⚠ Le coffre refuse de signer son journal. Faites examiner le serveur tout de suite.",
    "alert_VAULT_BROKEN": "⚠ Un contrôle a trouvé le journal du coffre rompu{entry} : {reason}. Faites examiner le "
    "serveur tout de suite.",
    "vault_entry": " à l'entrée {index}",
    "acknowledge": "J'ai vu",
    "ask_recount": "Demander un recomptage",
    "acknowledged": "✔ Vu par {name}.",
    "recount_asked": "↻ {name} a demandé un recomptage.",
    "recount_told": " {person} est prévenu·e.",
    "recount_untold": " {person} n'a pas de compte Telegram : prévenez-le.",
    "recount_wanted": "{name} vous demande de recompter la caisse de {register} ({date}).",
    "settled": "C'est déjà réglé.",
    "own_close": "Vous avez fermé cette caisse vous-même : quelqu'un d'autre doit l'examiner.",
}

ES: Mapping[str, str] = {
    "welcome": "Hola {name}. Anoto las entradas, escritas o habladas: envía /depot. /help muestra lo que sé hacer.",
    "linked": "Hola {name}, esta cuenta ya es tuya en Tillvault. Envía /depot para decirme qué ha llegado.",
    "stranger": "Solo trabajo para la gente de una tienda. Pide un código en la oficina (tu cuenta, Telegram) y envía "
    "/start y el código.",
    "code_wrong": "Este código no se conoce, ya se usó o es demasiado viejo. Pide otro en la oficina.",
    "code_throttled": "Demasiados códigos falsos. Espera un rato y vuelve a probar.",
    "help": "/depot – dime qué ha llegado, por escrito o de voz\n/cancel – parar\n/caisse – cajas abiertas\n"
    "/stats – las entradas del mes\n/help – esta lista",
    "what": "¿Qué ha llegado? Escríbelo o dilo, por ejemplo: 2 microondas 15 kg",
    "heard": "He oído: {text}",
    "voice_unavailable": "Ahora no puedo escuchar. Escríbelo, por favor.",
    "voice_unreadable": "No he entendido ninguna palabra. Dilo otra vez o escríbelo.",
    "voice_too_long": "Esa grabación es demasiado larga: dos minutos como mucho.",
    "text_wanted": "Contesta por escrito, por favor.",
    "quantity": "¿Cuántos? Elige o escribe un número.",
    "quantity_wrong": "Un número entero de 1 a 10.000, por favor.",
    "weight": "¿Cuánto pesa todo junto, en kilos? Por ejemplo: 12,5",
    "weight_wrong": "Necesito un peso, como 12,5 u 800 g.",
    "category": "¿Qué es?",
    "category_unsure": "No estoy seguro de qué es. Elige, por favor.",
    "other": "Otra cosa …",
    "branch": "¿Dónde ha llegado?",
    "elsewhere": "Otra tienda …",
    "confirm": "{quantity} × {description}\n{weight}\n{category}{branch}\n\n¿Lo anoto?",
    "yes": "Anotar",
    "cancel": "Cancelar",
    "recorded": "Anotado: {quantity} × {description}, {weight}. Espera la validación en la oficina.",
    "cancelled": "Cancelado. No se ha anotado nada.",
    "nothing_to_cancel": "No hay nada que cancelar.",
    "timed_out": "No has contestado en un rato, así que he parado. No se ha anotado nada. /depot empieza de nuevo.",
    "stale": "Este botón ya no vale.",
    "begin": "Envía /depot para decirme qué ha llegado, o /help.",
    "down": "Tillvault no contesta ahora. Guardo lo que me envíes y sigo cuando vuelva.",
    "back": "Tillvault contesta otra vez; sigo donde estábamos.",
    "refused": "Se ha rechazado: {message}",
    "failed": "Tillvault falla con lo que has enviado: no se ha hecho. Avisa a quien lo cuida y prueba más tarde.",
    "no_drawers": "No hay ninguna caja abierta.",
    "drawers": "Cajas abiertas:",
    "drawer": "{register}: {name}, desde hace {since}",
    "expected": "debería tener {amount}",
    "no_register": "sin puesto",
    "hours": "{hours} h {minutes:02d}",
    "stats": "Entradas desde el {since}:",
    "stats_line": "{category}: {quantity} piezas, {weight}",
    "stats_pending": "{count} esperan validación.",
    "stats_none": "Este mes todavía no ha llegado nada.",
    "alert_VARIANCE": "⚠ {register}: la caja de {name} ({date}) se cerró con una diferencia: {variance}.",
    "alert_FORCE_CLOSED": "⚠ {register}: otra persona cerró la caja de {name} ({date}): {reason}. "
    "Diferencia: {variance}.",
    "alert_OPEN_PAST_CUTOFF": "⚠ {register}: la caja de {name} ({date}) sigue abierta después del fin de su jornada.",
    "alert_VAULT": "⚠ La bóveda se niega a firmar su registro. Que alguien mire el servidor enseguida.",
    "alert_VAULT_BROKEN": "⚠ Una comprobación ha encontrado roto el registro de la bóveda{entry}: {reason}. Que "
    "alguien mire el servidor enseguida.",
    "vault_entry": " en la entrada {index}",
    "acknowledge": "Visto",
    "ask_recount": "Pedir un recuento",
    "acknowledged": "✔ Visto por {name}.",
    "recount_asked": "↻ {name} ha pedido un recuento.",
    "recount_told": " Se ha avisado a {person}.",
    "recount_untold": " {person} no tiene cuenta de Telegram: avísale.",
    "recount_wanted": "{name} te pide que vuelvas a contar la caja de {register} ({date}).",
    "settled": "Esto ya está resuelto.",
    "own_close": "Cerraste esta caja tú: tiene que mirarla otra persona.",
}

TEXTS: Mapping[Language, Mapping[str, str]] = {"en": EN, "fr": FR, "es": ES}


def say(language: Language, name: str, /, **values: object) -> str:
    return TEXTS[language][name].format(**values)


def language_of(code: str | None, default: Language = "en") -> Language:
    """The language of a Telegram client (`fr-BE`), where the bot speaks it."""
    match (code or "").lower().partition("-")[0]:
        case "fr":
            return "fr"
        case "es":
            return "es"
        case "en":
            return "en"
        case _:
            return default
