/*
 * The settings tokenmeter.*.
 */
#ifndef TOKENMETER_SETTING_H
#define TOKENMETER_SETTING_H

extern void define_settings(void);

#endif
