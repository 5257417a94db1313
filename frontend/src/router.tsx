import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';

import { Broken, NotFound } from './components/Broken';
import { isShopMissing } from './state/queries/setup';

// A page is a file of `pages/`, loaded when it is first visited, and one line here.
const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    // TanStack Router redirects by what is thrown.
    throw redirect({ to: (await isShopMissing()) ? '/setup' : '/till' });
  },
});

const till = createRoute({
  getParentRoute: () => root,
  path: '/till',
  component: lazyRouteComponent(() => import('./pages/till/TillShell'), 'TillShell'),
});
const tillPages = [
  createRoute({
    getParentRoute: () => till,
    path: '/sell',
    component: lazyRouteComponent(() => import('./pages/till/SellPage'), 'SellPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/sales',
    component: lazyRouteComponent(() => import('./pages/till/SalesPage'), 'SalesPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/refund/$id',
    component: lazyRouteComponent(() => import('./pages/till/RefundPage'), 'RefundPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/unsent',
    component: lazyRouteComponent(() => import('./pages/till/UnsentPage'), 'UnsentPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/till/HomePage'), 'HomePage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/movement',
    component: lazyRouteComponent(() => import('./pages/till/MovementPage'), 'MovementPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/x',
    component: lazyRouteComponent(() => import('./pages/till/XPage'), 'XPage'),
  }),
  createRoute({
    getParentRoute: () => till,
    path: '/close',
    component: lazyRouteComponent(() => import('./pages/till/ClosingGate'), 'ClosingGate'),
  }),
] as const;

const desk = createRoute({
  getParentRoute: () => root,
  path: '/desk',
  component: lazyRouteComponent(() => import('./pages/desk/DeskShell'), 'DeskShell'),
});
const deskPages = [
  createRoute({
    getParentRoute: () => desk,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/desk/BoardPage'), 'BoardPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/sessions',
    component: lazyRouteComponent(() => import('./pages/desk/SessionsPage'), 'SessionsPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/sessions/$id',
    component: lazyRouteComponent(() => import('./pages/desk/SessionPage'), 'SessionPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/figures',
    component: lazyRouteComponent(() => import('./pages/desk/FiguresPage'), 'FiguresPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/sales',
    component: lazyRouteComponent(() => import('./pages/desk/SalesPage'), 'SalesPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/sales/$id',
    component: lazyRouteComponent(() => import('./pages/desk/SalePage'), 'SalePage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/vault',
    component: lazyRouteComponent(() => import('./pages/desk/VaultPage'), 'VaultPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/vault/$id',
    component: lazyRouteComponent(() => import('./pages/desk/VaultTicketPage'), 'VaultTicketPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/catalogue',
    component: lazyRouteComponent(() => import('./pages/desk/CataloguePage'), 'CataloguePage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/deposits',
    component: lazyRouteComponent(() => import('./pages/desk/deposits/DepositsPage'), 'DepositsPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/deposits/queue',
    component: lazyRouteComponent(() => import('./pages/desk/deposits/QueuePage'), 'QueuePage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/deposits/statistics',
    component: lazyRouteComponent(() => import('./pages/desk/deposits/StatisticsPage'), 'StatisticsPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/deposits/new',
    component: lazyRouteComponent(() => import('./pages/desk/deposits/NewDepositPage'), 'NewDepositPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/exports',
    component: lazyRouteComponent(() => import('./pages/desk/deposits/ExportsPage'), 'ExportsPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/alerts',
    component: lazyRouteComponent(() => import('./pages/desk/AlertsPage'), 'AlertsPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/telegram',
    component: lazyRouteComponent(() => import('./pages/desk/TelegramPage'), 'TelegramPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/people',
    component: lazyRouteComponent(() => import('./pages/desk/PeoplePage'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/places',
    component: lazyRouteComponent(() => import('./pages/desk/PlacesPage'), 'PlacesPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/policies/$id',
    component: lazyRouteComponent(() => import('./pages/desk/PoliciesPage'), 'PoliciesPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/keys',
    component: lazyRouteComponent(() => import('./pages/desk/KeysPage'), 'KeysPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/webhooks',
    component: lazyRouteComponent(() => import('./pages/desk/WebhooksPage'), 'WebhooksPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/sync-log',
    component: lazyRouteComponent(() => import('./pages/desk/SyncLogPage'), 'SyncLogPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/audit',
    component: lazyRouteComponent(() => import('./pages/desk/AuditPage'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => desk,
    path: '/settings',
    component: lazyRouteComponent(() => import('./pages/desk/SettingsPage'), 'SettingsPage'),
  }),
] as const;

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/SetupPage'), 'SetupPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([home, setup, till.addChildren(tillPages), desk.addChildren(deskPages)]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
