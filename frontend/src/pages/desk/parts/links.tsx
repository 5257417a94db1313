import { Anchor, Button } from '@mantine/core';
import type { AnchorProps, ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type Native = Omit<ComponentPropsWithRef<'a'>, keyof ButtonProps | keyof AnchorProps>;

function PlainAnchor(props: AnchorProps & Native) {
  return <Anchor py={10} miw={44} display="inline-block" {...props} />;
}

function PlainButton(props: ButtonProps & Native) {
  return <Button component="a" {...props} />;
}

/** Links between pages that look like the rest of the app; the router knows where they lead. */
export const AnchorTo = createLink(PlainAnchor);
export const ButtonTo = createLink(PlainButton);
