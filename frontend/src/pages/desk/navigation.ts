/** The pages of the desk in their order. What the role may not do is not shown: `permission` as /v1/me names it. */
export const NAVIGATION = [
  { to: '/desk', label: 'desk.board.title', permission: 'cash:supervise' },
  { to: '/desk/alerts', label: 'deposits.alerts.title', permission: 'cash:supervise' },
  { to: '/desk/sessions', label: 'office.session.title', permission: 'cash:read' },
  { to: '/desk/figures', label: 'office.figures.title', permission: 'reports:read' },
  { to: '/desk/sales', label: 'office.sale.title', permission: 'sales:read' },
  { to: '/desk/vault', label: 'vault.title', permission: 'tickets:read' },
  { to: '/desk/catalogue', label: 'office.catalogue.title', permission: 'catalogue:read' },
  { to: '/desk/deposits', label: 'deposits.title', permission: 'deposits:read' },
  { to: '/desk/exports', label: 'deposits.export.title', permission: 'reports:read' },
  { to: '/desk/people', label: 'office.people.title', permission: 'admin:read' },
  { to: '/desk/places', label: 'office.places.title', permission: 'admin:read' },
  { to: '/desk/keys', label: 'office.keys.title', permission: 'admin:read' },
  { to: '/desk/webhooks', label: 'office.webhooks.title', permission: 'webhooks:administer' },
  { to: '/desk/sync-log', label: 'office.sync.title', permission: 'webhooks:administer' },
  { to: '/desk/audit', label: 'office.audit.title', permission: 'audit:read' },
  { to: '/desk/telegram', label: 'deposits.telegram.title', permission: 'deposits:read' },
] as const;
