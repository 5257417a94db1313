import { Outlet } from '@tanstack/react-router';

export function TillShell() {
  return <Outlet />;
}
