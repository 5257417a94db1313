import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';

import { Broken, NotFound } from './components/Broken';

// A page is a file of `pages/`, loaded when it is first visited, and one line here.
const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    // TanStack Router redirects by what is thrown.
    throw redirect({ to: '/till' });
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
    component: lazyRouteComponent(() => import('./pages/till/ClosePage'), 'ClosePage'),
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
] as const;

export const router = createRouter({
  routeTree: root.addChildren([home, till.addChildren(tillPages), desk.addChildren(deskPages)]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
