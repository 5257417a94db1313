import { Outlet } from '@tanstack/react-router';

export function DeskShell() {
  return <Outlet />;
}
